import { now } from '../service/clock.js';
import { feed, toldBy } from '../service/live-feed.js';
import { type ServiceState, watch } from '../service/service-state.js';
import type { GuardStanding, Seen } from '../service/shapes.js';
import { type Verdict, verdictOf } from '../service/verdict.js';
import { ago, number, percent } from '../text/format.js';
import { useAlarm } from './use-alarm.js';
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
  ['Hits', ({ hitRatio }) => (hitRatio === null ? UNKNOWN : [`${percent(hitRatio)} of 5 min`, 'well'])],
];

function guardReading(guard: GuardStanding | undefined, permission: boolean | undefined): Reading {
  if (guard !== undefined) return GUARD[guard];
  return permission === undefined ? UNKNOWN : permission ? GUARD.serving : GUARD.waiting;
}

const CLOCK_MS = 1_000;

/** What the stream tells is newer than what was asked for. */
function withSeen(state: ServiceState, seen: Seen | null): ServiceState {
  if (seen === null || state.api === 'away') return state;
  return {
    ...state,
    postgres: seen.postgres === 'up' ? 'up' : 'down',
    redis: seen.redis === 'up' ? 'up' : 'degraded',
    cache: state.cache === null ? null : { ...state.cache, guard: seen.guard },
  };
}

/** Words for everybody; the others are for those who run the service. */
const FOR_ALL = ITEMS.slice(0, 3);

/** The strip above every view. Only its verdict is spoken, and only when it changes. */
export function Strip({ isOperator }: { readonly isOperator: boolean }) {
  useTick(CLOCK_MS);
  const nowMs = now();
  const state = withSeen(watch.state.value, feed.seen.value);
  const { grade, text } = verdictOf(state, toldBy(feed), nowMs);
  useAlarm(grade === 'bad');
  return (
    <section class="strip" aria-label="Is all well?">
      <p class="verdict" role="status" data-grade={grade}>
        {text}
      </p>
      <dl>
        {(isOperator ? ITEMS : FOR_ALL).map(([label, read]) => {
          const [reading, itemGrade] = read(state, nowMs);
          // What is not known to somebody who only looks is not worth a dash.
          if (!isOperator && itemGrade === 'unknown') return null;
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
