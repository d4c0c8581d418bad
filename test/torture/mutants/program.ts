/** How a mutant is run, and for how long. */
import { fileURLToPath } from 'node:url';
import type { Plan } from '../torture.js';
import type { MutantName } from './names.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What only edges show. */
const EDGES: Partial<Record<MutantName, number>> = { 'taken-again': 3 };

/** The parts of a plan that put a mutant in the place of the service; the run ends once the mutant is caught. */
export function mutated(mutant: MutantName): Pick<Plan, 'programs' | 'untilStale' | 'edges'> {
  return {
    programs: [['--import', path('../../support/run-typescript.mjs'), path('./main.ts'), mutant]],
    untilStale: true,
    edges: EDGES[mutant] ?? 0,
  };
}
