import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../domain/time.js';

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

const LENGTH = /^(0|[1-9]\d{0,5})([smhd])$/;

/** A length as watches are told of it, such as `90s`, `30m`, `1h`, `2d`, in milliseconds; null for what is none. */
export function lengthMsOf(text: string): number | null {
  const [, count, unit = ''] = LENGTH.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (UNIT_MS[unit] ?? 0);
}

/** The same, of one that was looked at before. */
export function knownLengthMs(text: string): number {
  const ms = lengthMsOf(text);
  if (ms === null) throw new Error(`"${text}" is no length`);
  return ms;
}

/** As it is written, in the largest unit that fits. */
export function lengthOf(ms: number): string {
  if (ms === 0) return '0s';
  const [unit = 's', unitMs = 1_000] =
    Object.entries(UNIT_MS)
      .reverse()
      .find(([, each]) => ms % each === 0) ?? [];
  return `${ms / unitMs}${unit}`;
}

/**
 * Where a length begins that ends now: it has as many whole minutes as it says, the one that is running counted as the
 * last, as everywhere else.
 */
export function rateBeginMs(over: string, nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - knownLengthMs(over) + MINUTE_MS;
}
