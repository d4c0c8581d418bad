import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './time.js';

/** No clock is set further from UTC: 12 hours behind, 14 ahead, and some more in former times. */
const FURTHEST_MS = 16 * HOUR_MS;

/** What `longOffset` ends with: nothing at UTC itself. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/** Names of zones are words; numbers, which newer engines take as well, are none. */
const NAME = /^[A-Za-z][\w+-]*(\/[\w+-]+)*$/;

/** Zones in use at once; each holds what the engine knows of it, some tens of kilobytes. */
const MAX_KNOWN = 64;

const known = new Map<string, Zone>();

/**
 * A time zone of IANA's list; null where there is none of this name, which is taken in any case.
 *
 * @param name such as `Asia/Kolkata`, or `UTC`
 */
export function zoneOf(name: string): Zone | null {
  if (!NAME.test(name)) return null;
  const found = known.get(name);
  if (found !== undefined) return found;
  let zone: Zone;
  try {
    zone = new Zone(name);
  } catch {
    return null;
  }
  const [oldest] = known.keys();
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(name, zone);
  return zone;
}

/**
 * What the clocks of a place show, by what the engine knows of it. Instants are milliseconds since 1970; days are counted
 * from 1 January 1970 of the place's own calendar.
 */
export class Zone {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError where there is no such zone */
  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** How far its clocks are ahead of UTC at an instant, milliseconds; negative: behind. */
  offsetMs(ms: number): number {
    const [, sign, hours, minutes, seconds = '0'] = OFFSET.exec(this.format.format(ms)) ?? [];
    if (sign === undefined) return 0;
    const distanceMs = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * SECOND_MS;
    return sign === '-' ? -distanceMs : distanceMs;
  }

  /** The day that an instant belongs to. */
  dayOf(ms: number): number {
    const day = Math.floor((ms + this.offsetMs(ms)) / DAY_MS);
    // Clocks that are set back over midnight show the day before once more; the new one has begun all the same.
    return this.beginOfDay(day + 1) <= ms ? day + 1 : day;
  }

  /**
   * The first instant at which its clocks show a day, or a later one where they jump over it: 00:00, unless they are just
   * then set forth.
   */
  beginOfDay(day: number): number {
    const shownMs = day * DAY_MS;
    const [lowMs, highMs] = [shownMs - FURTHEST_MS, shownMs + FURTHEST_MS];
    const [before, after] = [this.offsetMs(lowMs), this.offsetMs(highMs)];
    if (before === after) return shownMs - before;
    const changeMs = this.changeBetween(lowMs, highMs);
    if (shownMs - before < changeMs) return shownMs - before;
    return Math.max(changeMs, shownMs - after);
  }

  /** The beginning of the hour that an instant belongs to: of the clock's, or the moment at which it is set. */
  beginOfHour(ms: number): number {
    const offsetMs = this.offsetMs(ms);
    const beginMs = Math.floor((ms + offsetMs) / HOUR_MS) * HOUR_MS - offsetMs;
    return this.offsetMs(beginMs) === offsetMs ? beginMs : this.changeBetween(beginMs, ms);
  }

  /** The beginning of the hour after the one that begins at an instant. */
  beginOfNextHour(beginMs: number): number {
    const offsetMs = this.offsetMs(beginMs);
    const nextMs = (Math.floor((beginMs + offsetMs) / HOUR_MS) + 1) * HOUR_MS - offsetMs;
    return this.offsetMs(nextMs) === offsetMs ? nextMs : this.changeBetween(beginMs, nextMs);
  }

  /** When the clocks are set: the first instant of the later offset, which is not that of the earlier one. */
  private changeBetween(earlierMs: number, laterMs: number): number {
    const offsetMs = this.offsetMs(earlierMs);
    let [low, high] = [Math.floor(earlierMs / SECOND_MS), Math.ceil(laterMs / SECOND_MS)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetMs(middle * SECOND_MS) === offsetMs) low = middle;
      else high = middle;
    }
    return high * SECOND_MS;
  }
}

/** Where nobody sets a clock. */
export const UTC = new Zone('UTC');
