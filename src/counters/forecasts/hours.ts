import { grouped } from '../../domain/grouped.js';
import type { Zone } from '../../domain/zone.js';
import { HOUR_MS } from '../../domain/time.js';

/** What a counter gained in an hour that is over. */
export interface HourlyChange {
  /** When it begins, ms since 1970. */
  readonly atMs: number;
  readonly delta: number;
}

/** Which hour a clock shows, counted from 1970 of its own calendar: people come by the clock, and not by UTC. */
export function shownHour(zone: Zone, ms: number): number {
  return Math.floor((ms + zone.offsetMs(ms)) / HOUR_MS);
}

/**
 * One number for each hour that the clocks show, from the first to the last: an hour that they jump over is what lies
 * around it, and of one that they show twice it is the mean. So a day of 23 or 25 hours has 24 in here, and the noon of
 * each lies below the other.
 *
 * @param hours in order, without a gap
 */
export function byTheClock(hours: readonly HourlyChange[], zone: Zone): number[] {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return [];
  const begin = shownHour(zone, first.atMs);
  const seen = grouped(hours, ({ atMs }) => shownHour(zone, atMs) - begin);
  const meanAt = (hour: number): number | null => {
    const all = seen.get(hour);
    return all === undefined ? null : all.reduce((sum, { delta }) => sum + delta, 0) / all.length;
  };
  return Array.from({ length: shownHour(zone, last.atMs) - begin + 1 }, (_, hour) => {
    const [before, after] = [meanAt(hour - 1) ?? 0, meanAt(hour + 1) ?? 0];
    return meanAt(hour) ?? (before + after) / 2;
  });
}
