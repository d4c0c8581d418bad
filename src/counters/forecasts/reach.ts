import type { ForecastHour } from './forecasts.service.js';
import { DAY_MS, HOUR_MS } from '../../domain/time.js';

/** Further away nobody can tell. */
const FURTHEST_MS = 365 * DAY_MS;

/** A bound and when it will be reached, ms since 1970. */
export interface Reach {
  readonly bound: 'min' | 'max';
  readonly value: number;
  readonly atMs: number;
}

/**
 * Which of its bounds a counter will reach, if it goes on as expected: hour by hour for as long as is forecast, and then
 * by what that comes to on the whole. Null where it has none, or reaches none within a year.
 *
 * @param hours at least one, of which the first is running
 */
export function reachOf(
  { value, min, max }: { readonly value: number; readonly min: number | null; readonly max: number | null },
  hours: readonly ForecastHour[],
): Reach | null {
  let reached = value;
  for (const { atMs, delta } of hours) {
    reached += delta;
    if (max !== null && reached >= max) return { bound: 'max', value: max, atMs };
    if (min !== null && reached <= min) return { bound: 'min', value: min, atMs };
  }
  const perHour = (reached - value) / hours.length;
  const bound = perHour > 0 ? max : min;
  const last = hours.at(-1);
  if (bound === null || perHour === 0 || last === undefined) return null;
  const aheadMs = Math.ceil((bound - reached) / perHour) * HOUR_MS;
  if (!(aheadMs <= FURTHEST_MS)) return null;
  return { bound: perHour > 0 ? 'max' : 'min', value: bound, atMs: last.atMs + aheadMs };
}
