import { COUNTER, type Route } from './route.js';
import { zoneInAddress } from './zone.js';

/** The part of the address that leads to a place, looked at in the zone of the page. */
export function hashOf(route: Route): string {
  switch (route.view) {
    case 'overview': {
      const { prefix, search, sort, wall } = route;
      return `#/${queryOf([
        ['prefix', prefix],
        ['search', search],
        ['sort', sort === 'name' ? '' : sort],
        ['wall', wall ? 'yes' : ''],
      ])}`;
    }
    case 'tree':
      return `#/tree${queryOf([
        ['prefix', route.prefix],
        ['by', route.separator === ':' ? '' : route.separator],
      ])}`;
    case 'counter': {
      const { name, range, from, to, draw, others, previous } = route;
      return `${COUNTER}${encodeURIComponent(name)}${queryOf([
        ['range', range === '24h' || range === null ? '' : range],
        ['from', textOf(from)],
        ['to', textOf(to)],
        ['draw', draw === 'delta' ? '' : draw],
        ...others.map((other) => ['with', other] as const),
        ['previous', previous ? '' : 'no'],
      ])}`;
    }
    case 'audit': {
      const { action, subject, actor, from, to } = route;
      return `#/audit${queryOf([
        ['action', action],
        ['subject', subject],
        ['actor', actor],
        ['from', textOf(from)],
        ['to', textOf(to)],
      ])}`;
    }
    case 'watches':
    case 'operations':
    case 'keys':
      return `#/${route.view}${queryOf([])}`;
    case 'unknown':
      return `#/${queryOf([])}`;
  }
}

/** What is empty need not be said. */
function queryOf(values: readonly (readonly [name: string, value: string])[]): string {
  const given = [...values, ['tz', zoneInAddress()] as const].filter(([, value]) => value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map((pair) => [...pair])).toString()}`;
}

const textOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString());
