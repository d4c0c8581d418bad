import type { Total } from '../../store/increment-batches.js';
import { MAX_VALUE } from '../counter.js';

/** An increment as far as adding up is concerned. */
export interface Addend {
  readonly name: string;
  readonly by: number;
}

/** The sum of a counter's increments up to and including this one, and how many they are. */
export interface Running {
  readonly sum: number;
  readonly count: number;
}

/** The increments of one batch, added up counter by counter. */
export interface AddedUp {
  readonly totals: readonly Total[];
  /** One for each addend, in order; exact for all counters in `totals`. */
  readonly running: readonly Running[];
}

interface Sum {
  sum: number;
  count: number;
  highest: number;
  lowest: number;
  rises: boolean;
  falls: boolean;
}

/**
 * Adds up increments. A counter whose running sum leaves the range of values on the way has no total: its increments
 * must be decided one by one.
 */
export function addUp(addends: readonly Addend[]): AddedUp {
  const sums = new Map<string, Sum>();
  const running = addends.map(({ name, by }) => {
    const total = sums.get(name) ?? {
      sum: 0,
      count: 0,
      highest: -Infinity,
      lowest: Infinity,
      rises: false,
      falls: false,
    };
    sums.set(name, total);
    total.sum += by;
    total.count += 1;
    total.highest = Math.max(total.highest, total.sum);
    total.lowest = Math.min(total.lowest, total.sum);
    total.rises ||= by > 0;
    total.falls ||= by < 0;
    return { sum: total.sum, count: total.count };
  });
  const totals = [...sums]
    .filter(([, { highest, lowest }]) => highest <= MAX_VALUE && lowest >= -MAX_VALUE)
    .map(([name, { sum, count, highest, lowest, rises, falls }]) => ({
      name,
      sum,
      count,
      swing: rises && falls ? { highest, lowest } : null,
    }));
  return { totals, running };
}
