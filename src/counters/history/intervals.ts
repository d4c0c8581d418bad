import type { Zone } from '../../domain/zone.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/time.js';

/** How long one point of a history lasts. Hours, days, weeks and months are those of a zone; weeks begin on Mondays. */
export const INTERVALS = ['minute', 'hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

/** A day of 1970, which began on a Thursday, that was a Monday. */
const SOME_MONDAY = 4;
const DAYS_OF_A_WEEK = 7;

/** No interval lasts longer: in each a clock may be set back by an hour. */
const LONGEST_MS: Readonly<Record<Interval, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS + HOUR_MS,
  week: 7 * DAY_MS + HOUR_MS,
  month: 31 * DAY_MS + HOUR_MS,
};

/** The beginning of the interval that holds an instant. */
export function beginOf(interval: Interval, zone: Zone, ms: number): number {
  switch (interval) {
    case 'minute':
      return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
    case 'hour':
      return zone.beginOfHour(ms);
    case 'day':
    case 'week':
    case 'month':
      return zone.beginOfDay(firstDayOf(interval, zone.dayOf(ms)));
  }
}

/** The beginning of the interval after the one that begins at an instant. */
export function nextOf(interval: Interval, zone: Zone, beginMs: number): number {
  switch (interval) {
    case 'minute':
      return beginMs + MINUTE_MS;
    case 'hour':
      return zone.beginOfNextHour(beginMs);
    case 'day':
    case 'week':
    case 'month': {
      let day = firstDayOf(interval, zone.dayOf(beginMs));
      for (;;) {
        day = firstDayAfter(interval, day);
        const nextMs = zone.beginOfDay(day);
        // A day that the clocks jump over begins with the next one, and is none.
        if (nextMs > beginMs) return nextMs;
      }
    }
  }
}

/** The beginning of the interval so many before the one that begins at an instant. */
export function backFrom(interval: Interval, zone: Zone, beginMs: number, count: number): number {
  let ms = beginMs;
  for (let step = 0; step < count; step += 1) ms = beginOf(interval, zone, ms - 1);
  return ms;
}

/**
 * The beginnings of all intervals from the one that holds `fromMs` to the one that holds the last moment before `endMs`;
 * null where there are more than `max`.
 */
export function beginsBetween(
  interval: Interval,
  zone: Zone,
  fromMs: number,
  endMs: number,
  max: number,
): number[] | null {
  if ((endMs - fromMs) / LONGEST_MS[interval] > max) return null;
  const begins: number[] = [];
  for (let ms = beginOf(interval, zone, fromMs); ms < endMs; ms = nextOf(interval, zone, ms)) {
    if (begins.length === max) return null;
    begins.push(ms);
  }
  return begins;
}

function firstDayOf(interval: 'day' | 'week' | 'month', day: number): number {
  switch (interval) {
    case 'day':
      return day;
    case 'week':
      return day - modulo(day - SOME_MONDAY, DAYS_OF_A_WEEK);
    case 'month':
      return day - new Date(day * DAY_MS).getUTCDate() + 1;
  }
}

function firstDayAfter(interval: 'day' | 'week' | 'month', first: number): number {
  switch (interval) {
    case 'day':
      return first + 1;
    case 'week':
      return first + DAYS_OF_A_WEEK;
    case 'month':
      // The longest month ends before the 32nd, and so does not skip the next.
      return firstDayOf('month', first + 31);
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
