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
  ['a fixed seed', FIXED_SEED],
  ['a random seed', RANDOM_SEED],
])('nothing is lost, counted twice or stale while everything breaks: %s, %i', async (_which, seed) => {
  const outcome = await torture({ seed, lastsMs: LASTS_MS, kinds: FAULT_KINDS, edges: EDGES, say: () => undefined });
  expect(outcome.struck.length).toBeGreaterThan(0);
  expect(outcome.verdict.checked).toBeGreaterThan(1_000);
  expect(outcome.edges?.deliveries).toBeGreaterThan(0);
  if (isWrong(outcome.verdict)) throw new Error(textReport(outcome));
});
