import { now } from './clock.js';
import { every, h, setText } from './dom.js';
import { ago, number, percent } from './format.js';
import type { LiveFeed } from './live-feed.js';
import type { GuardStanding } from './shapes.js';
import type { ServiceState, StateWatch } from './service-state.js';
import { type Verdict, verdictOf } from './verdict.js';

type Grade = Verdict['grade'];
type Reading = readonly [text: string, grade: Grade];

const UNKNOWN: Reading = ['–', 'unknown'];

const GUARD: Readonly<Record<GuardStanding, Reading>> = {
  serving: ['serving', 'well'],
  unverified: ['unverified', 'fair'],
  blind: ['blind', 'fair'],
  waiting: ['waiting', 'fair'],
};

/** Label and reading of each item, in their order. */
const ITEMS: readonly (readonly [label: string, read: (state: ServiceState, nowMs: number) => Reading])[] = [
  ['API', ({ api }) => (api === 'away' ? ['away', 'bad'] : api === 'unknown' ? UNKNOWN : ['up', 'well'])],
  ['Postgres', ({ postgres }) => (postgres === null ? UNKNOWN : [postgres, postgres === 'up' ? 'well' : 'bad'])],
  ['Redis', ({ redis }) => (redis === null ? UNKNOWN : redis === 'up' ? ['up', 'well'] : ['away', 'fair'])],
  ['Guard', ({ cache }) => guardReading(cache?.guard, cache?.permission)],
  [
    'Reconciled',
    ({ cache }, nowMs) => {
      if (cache === null) return UNKNOWN;
      return cache.lastReconcile === null
        ? ['not yet', 'unknown']
        : [ago(cache.lastReconcile.finishedAt, nowMs), 'well'];
    },
  ],
  [
    'Drift',
    ({ cache }) => {
      if (cache === null || cache.lastReconcile === null) return UNKNOWN;
      const found = cache.lastReconcile.report.wrong + cache.lastReconcile.report.behind;
      return [number(found), found === 0 ? 'well' : 'fair'];
    },
  ],
  [
    'Hit ratio',
    ({ cache }) => {
      if (cache?.reads === undefined) return UNKNOWN;
      const { hits, misses, bypasses } = cache.reads;
      const all = hits + misses + bypasses;
      return all === 0 ? ['no reads yet', 'unknown'] : [percent(hits / all), 'well'];
    },
  ],
];

function guardReading(guard: GuardStanding | undefined, permission: boolean | undefined): Reading {
  if (guard !== undefined) return GUARD[guard];
  return permission === undefined ? UNKNOWN : permission ? GUARD.serving : GUARD.waiting;
}

const CLOCK_MS = 1_000;

/** The strip above every view. Only its verdict is spoken, and only when it changes. */
export function strip(
  watch: StateWatch,
  feed: LiveFeed,
): { readonly element: HTMLElement; readonly update: () => void } {
  const verdict = h('p', { class: 'verdict', role: 'status' });
  const readings = ITEMS.map(([label]) => {
    const value = h('dd');
    return { item: h('div', {}, h('dt', {}, label), value), value };
  });
  const update = () => {
    const nowMs = now();
    const { grade, text } = verdictOf(watch.current, feed.link, nowMs);
    verdict.dataset['grade'] = grade;
    setText(verdict, text);
    for (const [index, [, read]] of ITEMS.entries()) {
      const reading = readings[index];
      if (reading === undefined) continue;
      const [value, itemGrade] = read(watch.current, nowMs);
      reading.item.dataset['grade'] = itemGrade;
      setText(reading.value, value);
    }
  };
  watch.listen(update);
  every(CLOCK_MS, update);
  const list = h('dl', {}, ...readings.map(({ item }) => item));
  return { element: h('section', { class: 'strip', 'aria-label': 'Is all well?' }, verdict, list), update };
}
