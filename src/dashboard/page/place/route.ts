import { zoneInAddress } from './zone.js';

export interface OverviewPlace {
  readonly view: 'overview';
  /** The names begin with it; */
  readonly prefix: string;
  /** and contain it. */
  readonly search: string;
  readonly sort: Sort;
}

export interface CounterPlace {
  readonly view: 'counter';
  readonly name: string;
  readonly range: Range;
}

/** Where the page is: a part of the address, so that each place has a link and the browser's buttons work. */
export type Route = OverviewPlace | CounterPlace | { readonly view: 'operations' } | { readonly view: 'unknown' };

export const HOME = { view: 'overview', prefix: '', search: '', sort: 'name' } as const satisfies Route;

export const SORTS = ['name', 'value', 'change'] as const;
export type Sort = (typeof SORTS)[number];

export const RANGES = ['1h', '24h', '7d', '30d', '90d'] as const;
export type Range = (typeof RANGES)[number];

const COUNTER = '#/counters/';

/** @param hash of the address, `#` included */
export function routeOf(hash: string): Route {
  const [path = '', search = ''] = hash.split('?', 2);
  const query = new URLSearchParams(search);
  if (path === '' || path === '#' || path === '#/') {
    const sort = SORTS.find((known) => known === query.get('sort')) ?? 'name';
    return { view: 'overview', prefix: query.get('prefix') ?? '', search: query.get('search') ?? '', sort };
  }
  if (path === '#/operations') return { view: 'operations' };
  if (path.startsWith(COUNTER)) {
    const name = decoded(path.slice(COUNTER.length));
    const range = RANGES.find((known) => known === query.get('range')) ?? '24h';
    if (name !== null && name !== '') return { view: 'counter', name, range };
  }
  return { view: 'unknown' };
}

export function hashOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return `#/${queryOf({ prefix: route.prefix, search: route.search, sort: route.sort === 'name' ? '' : route.sort })}`;
    case 'counter':
      return `${COUNTER}${encodeURIComponent(route.name)}${queryOf({ range: route.range === '24h' ? '' : route.range })}`;
    case 'operations':
      return `#/operations${queryOf({})}`;
    case 'unknown':
      return `#/${queryOf({})}`;
  }
}

/** The zone that a place is looked at in; null where it does not say. */
export function zoneOf(hash: string): string | null {
  return new URLSearchParams(hash.split('?', 2)[1] ?? '').get('tz');
}

function queryOf(values: Readonly<Record<string, string>>): string {
  const given = Object.entries({ ...values, tz: zoneInAddress() }).filter(([, value]) => value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
