import { now } from '../service/clock.js';
import { feed } from '../service/live-feed.js';
import { type ServiceState, watch } from '../service/service-state.js';
import type { GuardStanding } from '../service/shapes.js';
import { type Verdict, verdictOf } from '../service/verdict.js';
import { ago, number, percent } from '../text/format.js';
import { useTick } from './use-tick.js';

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
export function Strip() {
  useTick(CLOCK_MS);
  const nowMs = now();
  const state = watch.state.value;
  const { grade, text } = verdictOf(state, feed.link.value, nowMs);
  return (
    <section class="strip" aria-label="Is all well?">
      <p class="verdict" role="status" data-grade={grade}>
        {text}
      </p>
      <dl>
        {ITEMS.map(([label, read]) => {
          const [reading, itemGrade] = read(state, nowMs);
          return (
            <div key={label} data-grade={itemGrade}>
              <dt>{label}</dt>
              <dd>{reading}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
