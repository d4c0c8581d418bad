/** A torture that does not find what is wrong proves nothing about what is right. */
import { MUTANT_NAMES, type MutantName, MUTANTS } from './mutants/names.js';
import { mutated } from './mutants/program.js';
import { isWrong, torture } from './torture.js';

/** A round is ended as soon as a stale read was seen. */
const ROUND_MS = 25_000;
const MOST_ROUNDS = 8;

/** For a round: bringing up, the last recovery and bringing down, on a busy machine. */
const OVERHEAD_MS = 90_000;

/** One that answers stale reads, and one that counts twice: what finds them is another part of the torture. MUTANTS=all tries all. */
const TRIED: readonly MutantName[] = process.env['MUTANTS'] === 'all' ? MUTANT_NAMES : ['answer-first', 'new-ids'];

describe('a service that is wrong in one thing is caught:', () => {
  it.each(TRIED)(
    '%s',
    async (mutant) => {
      for (let round = 1; round <= MOST_ROUNDS; round += 1) {
        const plan = { seed: round, lastsMs: ROUND_MS, kinds: MUTANTS[mutant], say: () => undefined };
        const { verdict } = await torture({ ...plan, ...mutated(mutant) });
        if (isWrong(verdict)) return;
      }
      throw new Error(`${mutant} went unnoticed`);
    },
    MOST_ROUNDS * (ROUND_MS + OVERHEAD_MS),
  );
});
