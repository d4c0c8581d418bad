/** The counters under torture. */
import type { Random } from './random.js';

const HOT = ['hot/0', 'hot/1', 'höt 💥'];
/** Starts at 2^53 - 1 less a milliard: exact numbers, and sums that leave the range. */
export const LARGE = { name: 'large', start: Number.MAX_SAFE_INTEGER - 1e9, step: 400_000_000 };
export const BOUNDED = { name: 'bounded', min: -20, max: 20 };
/** Reset by some, set at a version they know by others, incremented by all. */
export const RESET = 'reset';
const COLD = numbered('cold', 30);
/** So many that one is written every few seconds only: what is wrong about it stays wrong long enough to be read. */
const SPARSE = numbered('sparse', 600);

/** Only ever grow by a step of their own, so that their value tells their version: for clients who are told no versions. */
const STEPS: ReadonlyMap<string, number> = new Map([
  ['stepped/1', 1],
  ['stepped/1 💥', 1],
  ['stepped/3', 3],
  ['stepped/7', 7],
  ...numbered('stepped/cold', 20).map((name) => [name, 5] as const),
]);
export const STEPPED = [...STEPS.keys()];

/** @throws RangeError where the counter is none of them */
export function stepOf(name: string): number {
  const step = STEPS.get(name);
  if (step === undefined) throw new RangeError(`${name} has no step`);
  return step;
}

export const NAMES = [...STEPPED, ...HOT, LARGE.name, BOUNDED.name, RESET, ...COLD, ...SPARSE];

/** Shares of requests; the rest goes to the sparse ones. */
const SHARES = [
  { share: 0.5, names: HOT },
  { share: 0.15, names: [LARGE.name, BOUNDED.name, RESET] },
  { share: 0.17, names: COLD },
  { share: 0.06, names: STEPPED },
];

/** Any counter; half of the time one that many are after. */
export function drawCounter(random: Random): string {
  let draw = random.next();
  for (const { share, names } of SHARES) {
    if (draw < share) return random.pick(names);
    draw -= share;
  }
  return random.pick(SPARSE);
}

/** What to add: small, of both signs, never 0. */
export function drawBy(name: string, random: Random): number {
  if (STEPS.has(name)) return stepOf(name);
  if (name === LARGE.name) return random.pick([-1, 1, 2, -2, 3, LARGE.step, -LARGE.step]);
  const by = random.whole(1, 8);
  return random.chance(0.3) ? -by : by;
}

export function pathOf(name: string): string {
  return `/v1/counters/${encodeURIComponent(name)}`;
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}/${index}`);
}
