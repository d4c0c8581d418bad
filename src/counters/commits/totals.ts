import type { Total } from '../../store/increment-codec.js';
import { MAX_VALUE } from '../../domain/operands.js';
import type { Creator, Expiry, Increment } from '../../domain/operation.js';

/** An increment as far as adding up is concerned. */
export interface Addend {
  readonly operation: Pick<Increment, 'name' | 'by' | 'expiry'>;
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
 * Adds up increments. A counter whose running sum leaves the range of values on the way has no total, nor has one whose
 * increments do not agree on its expiry, or take it away: they must be decided one by one.
 */
export function addUp(addends: readonly Addend[]): AddedUp {
  const totals = new Map<string, Sum>();
  const undecided = new Set<string>();
  const running = addends.map(({ operation: { name, by, expiry }, creator }) => {
    let total = totals.get(name);
    if (total === undefined) {
      total = {
        name,
        creator,
        sum: 0,
        count: 0,
        highest: 0,
        lowest: 0,
        expiry: expiry?.kind === 'never' ? undefined : expiry,
      };
      totals.set(name, total);
    }
    if (!agree(total.expiry, expiry)) undecided.add(name);
    total.sum += by;
    total.count += 1;
    total.highest = Math.max(total.highest, total.sum);
    total.lowest = Math.min(total.lowest, total.sum);
    return { sum: total.sum, count: total.count };
  });
  for (const { name, highest, lowest } of totals.values()) {
    if (highest > MAX_VALUE || lowest < -MAX_VALUE) totals.delete(name);
  }
  for (const name of undecided) totals.delete(name);
  return { totals, running };
}

function agree(one: Expiry | undefined, other: Expiry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind === 'in') return other.kind === 'in' && one.ms === other.ms && one.where === other.where;
  return one.kind === 'at' && other.kind === 'at' && one.moment === other.moment && one.where === other.where;
}
