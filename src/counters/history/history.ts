import type { Counter } from '../../domain/counter.js';

/** How long one point of a history lasts; all of them begin in UTC. */
export type Interval = 'minute' | 'hour' | 'day';

export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The most points of one answer; a chart shows fewer. */
export const MAX_POINTS = 2_000;

/** Points from `fromMs` (included) to `toMs` (excluded), both at the beginning of an interval, ms since 1970. */
export interface HistoryRange {
  readonly interval: Interval;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is known of a counter: its value after the last change of an interval. */
export interface KnownPoint {
  /** The beginning of the interval; null: before the range. */
  readonly atMs: number | null;
  readonly value: Counter['value'];
  readonly version: Counter['version'];
}

export interface HistoryPoint {
  readonly atMs: number;
  /** The value less that of the point before; exact, and so up to 2^54 - 2 either way. */
  readonly delta: bigint;
  readonly value: Counter['value'];
}

/** How long points are kept; days stay for ever. */
export interface Keeping {
  readonly minutesKeptHours: number;
  readonly hoursKeptDays: number;
}

/**
 * Since when there are points of an interval. At the beginning of a coarser one, so that what was before is known
 * exactly from the coarser rows.
 */
export function keptFromMs(interval: Interval, { minutesKeptHours, hoursKeptDays }: Keeping, nowMs: number): number {
  switch (interval) {
    case 'minute':
      return beginOf('hour', nowMs - minutesKeptHours * INTERVAL_MS.hour);
    case 'hour':
      return beginOf('day', nowMs - hoursKeptDays * INTERVAL_MS.day);
    case 'day':
      return -Infinity;
  }
}

/** The beginning of the interval that holds an instant. */
export function beginOf(interval: Interval, ms: number): number {
  return Math.floor(ms / INTERVAL_MS[interval]) * INTERVAL_MS[interval];
}

/**
 * One point for each interval of the range, where nothing changed too. The deltas add up to what the counter gained
 * since before the range, or since it came into being: then the first point is that of its first change.
 *
 * @param known in order of time, at most one for each interval and one before the range
 */
export function pointsOf(known: readonly KnownPoint[], { interval, fromMs, toMs }: HistoryRange): HistoryPoint[] {
  const [first] = known;
  if (first === undefined) return [];
  const changes = new Map(known.map((point) => [point.atMs, point]));
  const before = changes.get(null);
  let { value, version } = before ?? { value: 0, version: 0 };
  const points: HistoryPoint[] = [];
  for (let atMs = first.atMs ?? fromMs; atMs < toMs; atMs += INTERVAL_MS[interval]) {
    const change = changes.get(atMs);
    const previous = value;
    // After a clock was set back, a later time may hold an earlier version: that one is over.
    if (change !== undefined && change.version > version) ({ value, version } = change);
    points.push({ atMs, delta: BigInt(value) - BigInt(previous), value });
  }
  return points;
}
