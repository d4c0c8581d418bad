import type { CounterPlace, Range } from '../../place/route.js';
import type { HistoryPoint, Interval } from '../../service/shapes.js';
import { bucket } from '../../text/format.js';

/** Each of them is a period that the service defines, in intervals that leave a picture and a table one can read. */
export const RANGE_LABELS: Readonly<Record<Range, string>> = {
  '1h': '1 h',
  '24h': '24 h',
  '7d': '7 d',
  '30d': '30 d',
  '90d': '90 d',
};

export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
};

/** Up to so many of one interval make a picture; what is longer is told in the next coarser ones. */
const MOST_MINUTES = 180;
const MOST_HOURS = 14 * 24;
const MOST_DAYS = 400;

export function intervalFor(lengthMs: number): Interval {
  if (lengthMs <= MOST_MINUTES * INTERVAL_MS.minute) return 'minute';
  if (lengthMs <= MOST_HOURS * INTERVAL_MS.hour) return 'hour';
  return lengthMs <= MOST_DAYS * INTERVAL_MS.day ? 'day' : 'week';
}

/** The period in words. */
export function periodText({ range, from, to }: CounterPlace, zone: string): string {
  if (range !== null) return `in ${RANGE_LABELS[range]}`;
  if (from === null || to === null) return '';
  const edge = (ms: number) => bucket(new Date(ms).toISOString(), 'hour', zone);
  return `from ${edge(from)} to ${edge(to)}`;
}

/** In the name of a file. */
export const periodName = ({ range, from }: CounterPlace): string =>
  range ?? new Date(from ?? 0).toISOString().slice(0, 10);

/**
 * The same points after one more change: it counts for the interval that was running when they were asked for, until they
 * are again.
 *
 * @param value after the change
 */
export function withChange(points: readonly HistoryPoint[], value: number): readonly HistoryPoint[] {
  const last = points.at(-1);
  if (last === undefined || last.value === value) return points;
  return [...points.slice(0, -1), { ...last, delta: last.delta + value - last.value, value }];
}
