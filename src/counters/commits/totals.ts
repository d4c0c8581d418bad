import type { Total } from '../../store/increment-codec.js';
import { MAX_VALUE } from '../../domain/operands.js';
import type { Creator } from '../../domain/operation.js';

/** An increment as far as adding up is concerned. */
export interface Addend {
  readonly operation: { readonly name: string; readonly by: number };
  readonly creator: Creator | null;
}

/** The sum of a counter's increments up to and including this one, and how many they are. */
export interface Running {
  readonly sum: number;
  readonly count: number;
}

/** The increments of one batch, added up counter by counter. */
export interface AddedUp {
  /** One for each counter, by its name. */
  readonly totals: ReadonlyMap<string, Total>;
  /** One for each addend, in order; exact for all counters in `totals`. */
  readonly running: readonly Running[];
}

type Sum = { -readonly [Member in keyof Total]: Total[Member] };

/**
 * Adds up increments. A counter whose running sum leaves the range of values on the way has no total: its increments
 * must be decided one by one.
 */
export function addUp(addends: readonly Addend[]): AddedUp {
  const totals = new Map<string, Sum>();
  const running = addends.map(({ operation: { name, by }, creator }) => {
    let total = totals.get(name);
    if (total === undefined) {
      total = { name, creator, sum: 0, count: 0, highest: 0, lowest: 0 };
      totals.set(name, total);
    }
    total.sum += by;
    total.count += 1;
    total.highest = Math.max(total.highest, total.sum);
    total.lowest = Math.min(total.lowest, total.sum);
    return { sum: total.sum, count: total.count };
  });
  for (const { name, highest, lowest } of totals.values()) {
    if (highest > MAX_VALUE || lowest < -MAX_VALUE) totals.delete(name);
  }
  return { totals, running };
}
