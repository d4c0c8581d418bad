/** The counters under torture. */
import type { Random } from './random.js';

const HOT = ['hot/0', 'hot/1', 'höt 💥'];
/** Starts at 2^53 - 1 less a milliard: exact numbers, and sums that leave the range. */
export const LARGE = { name: 'large', start: Number.MAX_SAFE_INTEGER - 1e9, step: 400_000_000 };
export const BOUNDED = { name: 'bounded', min: -20, max: 20 };
/** Reset by some, incremented by others. */
export const RESET = 'reset';
const COLD = Array.from({ length: 60 }, (_, index) => `cold/${index}`);

export const NAMES = [...HOT, LARGE.name, BOUNDED.name, RESET, ...COLD];

/** Where many write, nothing stays wrong for long: so not too many. */
const HOT_SHARE = 0.5;
const SPECIAL_SHARE = 0.15;

/** Any counter; half of the time one that many are after. */
export function drawCounter(random: Random): string {
  const draw = random.next();
  if (draw < HOT_SHARE) return random.pick(HOT);
  return random.pick(draw < HOT_SHARE + SPECIAL_SHARE ? [LARGE.name, BOUNDED.name, RESET] : COLD);
}

/** What to add: small, of both signs, never 0. */
export function drawBy(name: string, random: Random): number {
  if (name === LARGE.name) return random.pick([-1, 1, 2, -2, 3, LARGE.step, -LARGE.step]);
  const by = random.whole(1, 8);
  return random.chance(0.3) ? -by : by;
}

export function pathOf(name: string): string {
  return `/v1/counters/${encodeURIComponent(name)}`;
}
