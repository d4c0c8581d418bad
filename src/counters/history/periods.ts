import type { Zone } from '../../domain/zone.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/time.js';
import { backFrom, beginOf, type Interval } from './intervals.js';

/** Periods that have a name. */
export const NAMED = ['today', 'yesterday', 'thisWeek', 'thisMonth'] as const;

/** A period as somebody asks for it: by name, or a length that ends now. */
export type Over = (typeof NAMED)[number] | { readonly lengthMs: number };

/** A period as it is told of, from the service's own clock and one zone. */
export interface Period {
  /** Its first moment, at the beginning of an interval; ms since 1970. */
  readonly fromMs: number;
  /** The moment after its last; null: it goes on, up to now. */
  readonly toMs: number | null;
  /** What it is made of: whole ones, the last of them may be running. */
  readonly interval: Interval;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** `24h`, `7d`; of ISO 8601 what always lasts as long: `P7D`, `P2W`, `PT24H`, `P1DT12H`. */
const SHORT = /^(\d{1,6})([mhdw])$/;
const ISO = /^P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?)?$/;

/** As many days as one answer has points. */
export const LONGEST_OVER_DAYS = 2_000;

/** Up to here a length is counted in minutes, and up to there in hours; what is longer is counted in days. */
const IN_MINUTES_TO_MS = 2 * HOUR_MS;
const IN_HOURS_TO_MS = 14 * DAY_MS;

/** What somebody asks for; null where it is no period, or longer than LONGEST_OVER_DAYS. */
export function overOf(text: string): Over | null {
  const named = NAMED.find((name) => name === text);
  if (named !== undefined) return named;
  const lengthMs = lengthOf(text);
  return lengthMs > 0 && lengthMs <= LONGEST_OVER_DAYS * DAY_MS ? { lengthMs } : null;
}

function lengthOf(text: string): number {
  const [, count, unit = ''] = SHORT.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNIT_MS[unit] ?? 0);
  const [, weeks = 0, days = 0, hours = 0, minutes = 0] = ISO.exec(text) ?? [];
  return Number(weeks) * 7 * DAY_MS + Number(days) * DAY_MS + Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
}

/**
 * The one definition of each period, for history, rankings, sums and the page. A length that ends now has as many whole
 * minutes, hours or days as it says, the one that is running counted as the last: so that what a chart shows of it adds up
 * to what is told beside it.
 */
export function periodOf(over: Over, zone: Zone, nowMs: number): Period {
  switch (over) {
    case 'today':
      return { fromMs: beginOf('day', zone, nowMs), toMs: null, interval: 'hour' };
    case 'yesterday': {
      const toMs = beginOf('day', zone, nowMs);
      return { fromMs: beginOf('day', zone, toMs - 1), toMs, interval: 'hour' };
    }
    case 'thisWeek':
      return { fromMs: beginOf('week', zone, nowMs), toMs: null, interval: 'hour' };
    case 'thisMonth':
      return { fromMs: beginOf('month', zone, nowMs), toMs: null, interval: 'day' };
    default: {
      const [interval, stepMs] = stepsOf(over.lengthMs);
      const count = Math.ceil(over.lengthMs / stepMs);
      return { fromMs: backFrom(interval, zone, beginOf(interval, zone, nowMs), count - 1), toMs: null, interval };
    }
  }
}

function stepsOf(lengthMs: number): readonly [Interval, number] {
  if (lengthMs <= IN_MINUTES_TO_MS) return ['minute', MINUTE_MS];
  return lengthMs <= IN_HOURS_TO_MS ? ['hour', HOUR_MS] : ['day', DAY_MS];
}
