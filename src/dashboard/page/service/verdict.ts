import { plural, span } from '../text/format.js';
import type { Link } from './live-feed.js';
import type { ServiceState } from './service-state.js';
import type { News, Seen } from './shapes.js';

/** In words and as a grade: the answer to "is all well?". */
export interface Verdict {
  readonly grade: 'unknown' | 'well' | 'fair' | 'bad';
  readonly text: string;
}

/** A reconcile that is later than this many of its intervals is missing. */
const MISSED_RUNS = 3;

/** How long the page tells of it. */
const REFILL_TOLD_MS = 30_000;

/** What is known besides the state that was asked for: by the stream, to the moment. */
export interface Told {
  readonly link: Link;
  readonly seen: Seen | null;
  readonly news: readonly News[];
}

/** @param nowMs milliseconds of the calendar */
export function verdictOf(state: ServiceState, { link, seen, news }: Told, nowMs: number): Verdict {
  if (state.api === 'unknown') return { grade: 'unknown', text: 'Asking the service' };
  if (state.api === 'away') return { grade: 'bad', text: 'Connection lost, reconnecting' };
  return (
    serversVerdict(seen ?? { postgres: reach(state.postgres), redis: reach(state.redis) }) ??
    guardVerdict(seen) ??
    linkVerdict(link) ??
    reconcileVerdict(state, nowMs) ?? { grade: 'well', text: calmText(state, news, nowMs) }
  );
}

const reach = (standing: 'up' | 'down' | 'degraded' | null): 'up' | 'away' =>
  standing === 'up' || standing === null ? 'up' : 'away';

function serversVerdict({ postgres, redis }: Pick<Seen, 'postgres' | 'redis'>): Verdict | null {
  if (postgres === 'away') return { grade: 'bad', text: 'Postgres is away: writes are refused, cached reads go on' };
  if (postgres === 'silent') return { grade: 'fair', text: 'Postgres does not answer right now: writes wait' };
  if (redis === 'silent') return { grade: 'fair', text: 'Redis does not answer right now; nothing is lost' };
  if (redis === 'away') return { grade: 'fair', text: 'Redis is away: reads come from Postgres, nothing is lost' };
  return null;
}

/** Both answer here, and entries are not served all the same: not yet, or since another instance cannot reach Redis. */
function guardVerdict(seen: Seen | null): Verdict | null {
  if (seen?.guard !== 'blind' && seen?.guard !== 'waiting') return null;
  return { grade: 'fair', text: 'The cache is not used right now: reads come from Postgres, nothing is lost' };
}

function linkVerdict(link: Link): Verdict | null {
  return link === 'lost' ? { grade: 'fair', text: 'Live changes interrupted, reconnecting' } : null;
}

/** After a flush all is well again within a second; that it happened is worth a word for a while. */
function calmText({ cache }: ServiceState, news: readonly News[], nowMs: number): string {
  const lately = (iso: string | undefined) => iso !== undefined && nowMs - Date.parse(iso) < REFILL_TOLD_MS;
  const refilled =
    lately(cache?.lastRehydrate?.finishedAt) || news.some(({ kind, at }) => kind === 'cache.refilled' && lately(at));
  if (refilled) return 'All is well; the cache was just refilled';
  const emptied = news.some(({ kind, at }) => kind === 'cache.cold' && lately(at));
  return emptied ? 'The cache was found empty; it fills again, and nothing is lost' : 'All is well';
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
