import type { Counter } from '../../domain/counter.js';
import type { Zone } from '../../domain/zone.js';
import { DAY_MS, HOUR_MS } from '../../domain/time.js';
import { beginOf, type Interval } from './intervals.js';

/** The most points of one answer; a chart shows fewer. */
export const MAX_POINTS = 2_000;

/** Points that lie one after the other, up to the last that has begun. */
export interface HistoryRange {
  readonly interval: Interval;
  /** Where its hours, days, weeks and months begin. */
  readonly zone: Zone;
  /** When each point begins, ms since 1970, in order. */
  readonly begins: readonly number[];
  /** A moment after the beginning of the last point, and not after its end. */
  readonly endMs: number;
}

/** What is known of a counter: its value after the last change of an interval. */
export interface KnownPoint {
  /** Which point of the range it is; null: before all of them. */
  readonly place: number | null;
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
  /** Hours with their quarters, of which the days of any zone are made. */
  readonly hoursKeptDays: number;
  /** Where the days that stay begin. */
  readonly zone: Zone;
}

/**
 * Since when there are minutes, or quarters of hours. At the beginning of a coarser row, so that what was before is known
 * exactly from those.
 */
export function keptFromMs(finest: 'minute' | 'hour', keeping: Keeping, nowMs: number): number {
  switch (finest) {
    case 'minute':
      return Math.floor((nowMs - keeping.minutesKeptHours * HOUR_MS) / HOUR_MS) * HOUR_MS;
    case 'hour':
      return beginOf('day', keeping.zone, nowMs - keeping.hoursKeptDays * DAY_MS);
  }
}

/**
 * Since when hours are whole, by what is to be kept and by what there is: where they were kept for a shorter time until
 * now, days of the time that they are to be kept for are older than the oldest of them.
 *
 * @param oldest the oldest hour, and the oldest day since hours are to be kept; null: there is none
 */
export function hoursFromMs(
  keeping: Keeping,
  oldest: { readonly hoursMs: number | null; readonly daysMs: number | null },
  nowMs: number,
): number {
  const keptMs = keptFromMs('hour', keeping, nowMs);
  if (oldest.hoursMs === null || oldest.daysMs === null) return keptMs;
  const oldestMs = beginOf('day', keeping.zone, oldest.hoursMs);
  return oldest.daysMs < oldestMs ? Math.max(keptMs, oldestMs) : keptMs;
}

/**
 * One point for each interval of the range, where nothing changed too. The deltas add up to what the counter gained
 * since before the range, or since it came into being.
 *
 * @param known in order of time, at most one for each interval and one before the range
 * @param from `first`: the first point is that of the first change; `begin`: all points of the range, at 0 until then
 */
export function pointsOf(
  known: readonly KnownPoint[],
  { begins }: Pick<HistoryRange, 'begins'>,
  from: 'first' | 'begin',
): HistoryPoint[] {
  const [first] = known;
  if (first === undefined && from === 'first') return [];
  const changes = new Map(known.map((point) => [point.place, point]));
  const before = changes.get(null);
  let { value, version } = before ?? { value: 0, version: 0 };
  const skipped = from === 'first' ? (first?.place ?? 0) : 0;
  return begins.slice(skipped).map((atMs, index) => {
    const change = changes.get(skipped + index);
    const previous = value;
    // After a clock was set back, a later time may hold an earlier version: that one is over. The same one again is what
    // was counted in a minute that was over.
    if (change !== undefined && change.version >= version) ({ value, version } = change);
    return { atMs, delta: BigInt(value) - BigInt(previous), value };
  });
}
