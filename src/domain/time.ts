/** Lengths of time that are always the same, in milliseconds: days are so by UTC alone. */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Which minute since 1970 an instant lies in. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}
