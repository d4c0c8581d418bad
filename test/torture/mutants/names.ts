/** The services that are wrong in one thing, and the faults under which that one thing shows soon. */
import type { FaultKind } from '../faults.js';

export const MUTANTS = {
  'plain-set': ['a storm of flushes', 'DEL of entries'],
  'set-if-newer': ['a storm of flushes', 'cut off from Redis'],
  'no-identity': ['old snapshot', 'cut off from Redis'],
  'answer-first': ['cut off from Redis'],
  'no-guard': ['cut off from Redis'],
  'new-ids': ['answers of Postgres lost'],
  // Cutting off edges is what shows it.
  'taken-again': ['FLUSHALL'],
} as const satisfies Record<string, readonly FaultKind[]>;

export type MutantName = keyof typeof MUTANTS;

export const MUTANT_NAMES = Object.keys(MUTANTS) as MutantName[];

export function isMutantName(name: string): name is MutantName {
  return Object.hasOwn(MUTANTS, name);
}
