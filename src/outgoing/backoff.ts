import { HOUR_MS } from '../domain/time.js';

/** A receiver that was restarted is back within seconds. */
const FIRST_PAUSE_MS = 5_000;
const FACTOR = 4;

/** Somebody who mends a receiver in the morning finds what came at night within this. */
const LONGEST_PAUSE_MS = 4 * HOUR_MS;

/** Spreads out what failed at once. */
const JITTER = 0.2;

/**
 * How long to wait after a try that failed, milliseconds: 5 s, 20 s, 80 s, about 5, 21 and 85 minutes, and then 4 hours,
 * each up to a fifth longer.
 *
 * @param attempt which try it was, from 1 on
 * @param random from 0 to 1
 */
export function pauseAfterMs(attempt: number, random: number): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * FACTOR ** (attempt - 1), LONGEST_PAUSE_MS);
  return Math.round(pauseMs * (1 + JITTER * random));
}
