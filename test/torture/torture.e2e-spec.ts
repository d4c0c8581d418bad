/** The promise under everything that can break at once, for a minute; `npm run torture` goes on for as long as one likes. */
import { randomInt } from 'node:crypto';
import { FAULT_KINDS } from './faults.js';
import { textReport } from './report.js';
import { isWrong, torture } from './torture.js';

const LASTS_MS = 30_000;
const EDGES = 2;
const FIXED_SEED = 4;
const RANDOM_SEED = randomInt(2 ** 32 - 1);

it.each([
  ['a fixed seed', FIXED_SEED, 1],
  ['a random seed', RANDOM_SEED, 4],
])(
  'nothing is lost, counted twice or stale while everything breaks: %s, %i, in %i buckets',
  async (_which, seed, buckets) => {
    const all = { lastsMs: LASTS_MS, kinds: FAULT_KINDS, edges: EDGES };
    const outcome = await torture({ seed, buckets, ...all, say: () => undefined });
    expect(outcome.buckets).toBe(buckets);
    expect(outcome.struck.length).toBeGreaterThan(0);
    expect(outcome.verdict.checked).toBeGreaterThan(1_000);
    expect(outcome.edges?.deliveries).toBeGreaterThan(0);
    if (isWrong(outcome.verdict)) throw new Error(textReport(outcome));
  },
);
