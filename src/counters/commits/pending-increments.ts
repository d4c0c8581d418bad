import type { Creator, Increment } from '../../domain/operation.js';
import type { IncrementKey } from '../../store/increment-codec.js';
import { IncrementRun } from './increment-run.js';
import type { PendingWrite } from './pending-write.js';
import { type AddedUp, addUp } from './totals.js';

export type PendingIncrement = PendingWrite & { readonly write: { readonly operation: Increment } };

/** What the lane carries: one increment, or several that came together. */
export type Pending = PendingIncrement | IncrementRun;

export function isRun(pending: Pending): pending is IncrementRun {
  return pending instanceof IncrementRun;
}

export function isKeyed(pending: Pending): pending is PendingIncrement {
  return !isRun(pending) && pending.write.key !== null;
}

/** How many increments they are. */
export function sizeOf(batch: readonly Pending[]): number {
  return batch.reduce((sum, { size }) => sum + size, 0);
}

/** The increments of a batch, added up counter by counter. */
export function addUpAll(batch: readonly Pending[]): AddedUp {
  const operations: Increment[] = [];
  const creators: (Creator | null)[] = [];
  for (const pending of batch) {
    if (isRun(pending)) {
      const { increments } = pending;
      for (const operation of increments.operations) {
        operations.push(operation);
        creators.push(increments.creator);
      }
    } else {
      operations.push(pending.write.operation);
      creators.push(pending.write.creator);
    }
  }
  return addUp(operations, creators);
}

/** The keys of a batch, of the increments whose counter takes it as a whole. */
export function keysOf(batch: readonly Pending[], { sums, counts, totals }: AddedUp): IncrementKey[] {
  const keys: IncrementKey[] = [];
  let place = -1;
  for (const pending of batch) {
    place += pending.size;
    if (isRun(pending)) continue;
    const { write, fingerprint } = pending;
    const { name } = write.operation;
    const total = totals.get(name);
    if (write.key === null || fingerprint === null || total === undefined) continue;
    // Member by member: V8 gives each object that is spread and added to a shape of its own, which lives long.
    const { owner, key, until } = write.key;
    keys.push({
      owner,
      key,
      until,
      fingerprint,
      name,
      addedAfter: exactDifference(total.sum, sums[place] ?? NaN),
      changesAfter: total.count - (counts[place] ?? NaN),
    });
  }
  return keys;
}

/** A number where it is exact; two safe integers may lie up to 2^54 apart. */
function exactDifference(a: number, b: number): number | bigint {
  const difference = a - b;
  return Number.isSafeInteger(difference) ? difference : BigInt(a) - BigInt(b);
}

/** Of each increment, its counter. */
export function* namesOf(batch: readonly Pending[]): Generator<string> {
  for (const pending of batch) {
    if (isRun(pending)) for (const { name } of pending.increments.operations) yield name;
    else yield pending.write.operation.name;
  }
}
