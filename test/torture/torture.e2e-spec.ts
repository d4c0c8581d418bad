/** The promise under everything that can break at once, for a minute; `npm run torture` goes on for as long as one likes. */
import { randomInt } from 'node:crypto';
import { FAULT_KINDS } from './faults.js';
import { mutated } from './mutants/program.js';
import { MUTANT_NAMES, MUTANTS } from './mutants/names.js';
import { textReport } from './report.js';
import { type Outcome, torture } from './torture.js';

const LASTS_MS = 30_000;
const FIXED_SEED = 4;
const RANDOM_SEED = randomInt(2 ** 32 - 1);

/** Bringing up, the last recovery and bringing down, on a busy machine. */
const OVERHEAD_MS = 90_000;

/** What nothing may ever do: a slow machine can delay an answer, but not make it wrong. */
const isCaught = ({ verdict: { lost, doubled, stale, wrong } }: Outcome): boolean => lost + doubled + stale + wrong > 0;

const quietly = (): void => undefined;

it.each([
  ['a fixed seed', FIXED_SEED],
  ['a random seed', RANDOM_SEED],
])(
  'nothing is lost, counted twice or stale while everything breaks: %s, %i',
  async (_which, seed) => {
    const outcome = await torture({ seed, lastsMs: LASTS_MS, kinds: FAULT_KINDS, say: quietly });
    expect(outcome.struck.length).toBeGreaterThan(1);
    expect(outcome.verdict.checked).toBeGreaterThan(1_000);
    if (isCaught(outcome)) throw new Error(textReport(outcome));
  },
  LASTS_MS + OVERHEAD_MS,
);

describe('a service that is wrong in one thing is caught:', () => {
  /** A round is ended as soon as a stale read was seen. */
  const ROUND_MS = 25_000;
  const MOST_ROUNDS = 8;

  it.each(MUTANT_NAMES)(
    '%s',
    async (mutant) => {
      for (let round = 1; round <= MOST_ROUNDS; round += 1) {
        const plan = { seed: round, lastsMs: ROUND_MS, kinds: MUTANTS[mutant], say: quietly };
        if (isCaught(await torture({ ...plan, ...mutated(mutant) }))) return;
      }
      throw new Error(`${mutant} went unnoticed`);
    },
    MOST_ROUNDS * (ROUND_MS + OVERHEAD_MS),
  );
});
