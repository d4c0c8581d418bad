/**
 * The service's time, in which all of its times are: a browser's own clock may be wrong by hours. Every answer tells it, to
 * the second.
 */
import type { Answer } from './ask.js';

/** A difference this small comes from whole seconds and from the way; then both clocks are taken for right. */
const EXACT_TO_MS = 2_000;

let aheadMs = 0;

/** To be told of every answer; without its date, as a proxy may send it, the browser's clock is believed. */
export function noteAnswer({ response, atMs }: Answer): void {
  const at = Date.parse(response.headers.get('date') ?? '');
  const differenceMs = Number.isNaN(at) ? 0 : at - atMs;
  aheadMs = Math.abs(differenceMs) <= EXACT_TO_MS ? 0 : differenceMs;
}

/** Milliseconds of the calendar, by the service's clock as far as it is known. */
export const now = (): number => Date.now() + aheadMs;
