import { plural, span } from '../text/format.js';
import type { Link } from './live-feed.js';
import type { ServiceState } from './service-state.js';

/** In words and as a grade: the answer to "is all well?". */
export interface Verdict {
  readonly grade: 'unknown' | 'well' | 'fair' | 'bad';
  readonly text: string;
}

/** A reconcile that is later than this many of its intervals is missing. */
const MISSED_RUNS = 3;

/** How long the page tells of it. */
const REFILL_TOLD_MS = 30_000;

/** @param nowMs milliseconds of the calendar */
export function verdictOf(state: ServiceState, link: Link, nowMs: number): Verdict {
  if (state.api === 'unknown') return { grade: 'unknown', text: 'Asking the service' };
  if (state.api === 'away') return { grade: 'bad', text: 'Connection lost, reconnecting' };
  if (state.postgres === 'down') {
    return { grade: 'bad', text: 'Postgres is away: writes are refused, cached reads go on' };
  }
  if (state.redis === 'degraded')
    return { grade: 'fair', text: 'Redis is away: reads come from Postgres, nothing is lost' };
  if (link === 'lost') return { grade: 'fair', text: 'Live changes interrupted, reconnecting' };
  return reconcileVerdict(state, nowMs) ?? { grade: 'well', text: calmText(state, nowMs) };
}

/** After a flush all is well again within a second; that it happened is worth a word for a while. */
function calmText({ cache }: ServiceState, nowMs: number): string {
  const refilledAt = cache?.lastRehydrate?.finishedAt;
  const lately = refilledAt !== undefined && nowMs - Date.parse(refilledAt) < REFILL_TOLD_MS;
  return lately ? 'All is well; the cache was just refilled' : 'All is well';
}

function reconcileVerdict({ cache }: ServiceState, nowMs: number): Verdict | null {
  if (cache === null || cache.lastReconcile === null) return null;
  const { finishedAt, report } = cache.lastReconcile;
  const found = report.wrong + report.behind;
  if (found > 0) return { grade: 'fair', text: `Drift was found and repaired: ${plural(found, 'entry', 'entries')}` };
  const everyMs = cache.queue.schedules?.find(({ kind }) => kind === 'reconcile')?.everyMs;
  const ageMs = nowMs - Date.parse(finishedAt);
  if (everyMs === undefined || ageMs < MISSED_RUNS * everyMs) return null;
  return { grade: 'fair', text: `The cache was last reconciled ${span(ageMs)} ago` };
}
