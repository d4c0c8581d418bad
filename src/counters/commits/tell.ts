import type { Counter } from '../../domain/counter.js';
import type { Total } from '../../store/increment-codec.js';
import type { Answer } from '../../domain/operation.js';
import { isRun, type Pending } from './pending-increments.js';
import type { AddedUp } from './totals.js';

/**
 * Tells increments what they came to.
 *
 * @param ends of the counters whose increments are to be told
 * @param failure what they are told instead; null: nothing failed
 */
export function tell(
  batch: readonly Pending[],
  { totals, sums, counts }: AddedUp,
  ends: ReadonlyMap<string, Counter>,
  failure: Error | null,
): void {
  // Of the batch, those before the present one.
  let before = 0;
  let name: string | null = null;
  let end: Counter | undefined;
  let total: Total | undefined;
  for (const pending of batch) {
    const operations = isRun(pending) ? pending.increments.operations : [pending.write.operation];
    for (let place = 0; place < operations.length; place += 1) {
      const own = operations[place]?.name ?? '';
      // Those of one counter often follow each other.
      if (own !== name) {
        name = own;
        end = ends.get(name);
        total = totals.get(name);
      }
      if (end === undefined || total === undefined) continue;
      // First the value before the batch, which is exact; then what was added up to here.
      const value = end.value - total.sum + (sums[before + place] ?? NaN);
      if (isRun(pending)) pending.settle(place, failure ?? value);
      else if (failure !== null) pending.reject(failure);
      else pending.resolve(answerWith(end, value, end.version - total.count + (counts[before] ?? NaN)));
    }
    before += operations.length;
  }
}

function answerWith(end: Counter, value: number, version: number): Answer {
  // Member by member, as one is made for each increment: a spread costs twice as much, and what it leaves lives long.
  const { name, min, max, expiresAt, createdAt, updatedAt } = end;
  const truth = { name, value, version, min, max, expiresAt, createdAt, updatedAt };
  return { outcome: { kind: 'done', truth, created: false, previous: null }, replayed: false };
}
