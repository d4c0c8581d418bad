import type { Total } from '../../store/increment-codec.js';
import { MAX_VALUE } from '../../domain/operands.js';
import type { Creator, Expiry, Increment } from '../../domain/operation.js';

/** An increment as far as adding up is concerned. */
export type Addend = Pick<Increment, 'name' | 'by' | 'expiry'>;

/** The increments of one batch, added up counter by counter. */
export interface AddedUp {
  /** One for each counter, by its name. */
  readonly totals: ReadonlyMap<string, Total>;
  /** How many there are, those included that have no total. */
  readonly counters: number;
  /**
   * For each addend, in order: the sum of its counter's increments up to and including this one, and how many they are.
   * Exact for all counters in `totals`.
   */
  readonly sums: readonly number[];
  readonly counts: readonly number[];
}

type Sum = { -readonly [Member in keyof Total]: Total[Member] };

/**
 * Adds up increments. A counter whose running sum leaves the range of values on the way has no total, nor has one whose
 * increments do not agree on its expiry, or take it away: they must be decided one by one.
 *
 * @param creators for each addend, on whose account it creates its counter
 */
export function addUp(addends: readonly Addend[], creators: readonly (Creator | null)[]): AddedUp {
  const totals = new Map<string, Sum>();
  const undecided = new Set<string>();
  const sums: number[] = [];
  const counts: number[] = [];
  let index = 0;
  let total: Sum | undefined;
  for (const { name, by, expiry } of addends) {
    // Those of one counter often follow each other.
    if (total?.name !== name) total = totals.get(name);
    if (total === undefined) {
      total = {
        name,
        creator: creators[index] ?? null,
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
    if (total.sum > total.highest) total.highest = total.sum;
    else if (total.sum < total.lowest) total.lowest = total.sum;
    sums.push(total.sum);
    counts.push(total.count);
    index += 1;
  }
  const counters = totals.size;
  for (const { name, highest, lowest } of totals.values()) {
    if (highest > MAX_VALUE || lowest < -MAX_VALUE) totals.delete(name);
  }
  for (const name of undecided) totals.delete(name);
  return { totals, counters, sums, counts };
}

function agree(one: Expiry | undefined, other: Expiry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind === 'in') return other.kind === 'in' && one.ms === other.ms && one.where === other.where;
  return one.kind === 'at' && other.kind === 'at' && one.moment === other.moment && one.where === other.where;
}
