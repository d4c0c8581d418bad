import type { Range } from './route.js';
import type { HistoryPoint, Interval } from './shapes.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const INTERVAL_MS: Readonly<Record<Interval, number>> = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS };

interface Span {
  readonly label: string;
  readonly interval: Interval;
  /** Intervals, the one that is running included. */
  readonly count: number;
}

/** Each range in the interval that leaves a picture and a table one can read. */
export const SPANS: Readonly<Record<Range, Span>> = {
  '1h': { label: '1 h', interval: 'minute', count: 60 },
  '24h': { label: '24 h', interval: 'hour', count: 24 },
  '7d': { label: '7 d', interval: 'hour', count: 168 },
  '30d': { label: '30 d', interval: 'day', count: 30 },
  '90d': { label: '90 d', interval: 'day', count: 90 },
};

/** When the first interval of a range begins. */
export function startOf(range: Range, nowMs: number): Date {
  const { interval, count } = SPANS[range];
  const stepMs = INTERVAL_MS[interval];
  return new Date((Math.floor(nowMs / stepMs) - count + 1) * stepMs);
}

/**
 * The same points after one more change: it counts for the interval that is running, which may have just begun.
 *
 * @param value after the change
 */
export function withChange(
  points: readonly HistoryPoint[],
  interval: Interval,
  delta: number,
  value: number,
  nowMs: number,
): HistoryPoint[] {
  const stepMs = INTERVAL_MS[interval];
  const at = new Date(Math.floor(nowMs / stepMs) * stepMs).toISOString();
  const last = points.at(-1);
  if (last === undefined || Date.parse(last.at) < Date.parse(at)) return [...points, { at, delta, value }];
  return [...points.slice(0, -1), { ...last, delta: last.delta + delta, value }];
}

/** History begins with the first change of a counter; a chart begins with its range, where nothing had changed yet. */
export function padded(points: readonly HistoryPoint[], range: Range, nowMs: number): HistoryPoint[] {
  const [first] = points;
  if (first === undefined) return [];
  const stepMs = INTERVAL_MS[SPANS[range].interval];
  const missing = Math.round((Date.parse(first.at) - startOf(range, nowMs).getTime()) / stepMs);
  const before = Array.from({ length: Math.max(0, missing) }, (_, index) => ({
    at: new Date(Date.parse(first.at) - (missing - index) * stepMs).toISOString(),
    delta: 0,
    value: first.value - first.delta,
  }));
  return [...before, ...points];
}
