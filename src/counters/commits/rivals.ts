import type { Counter } from '../../domain/counter.js';
import type { Total } from '../../store/increment-codec.js';

/** Increments of a counter in a batch from which on it is a hot one. */
const HOT = 4;

/**
 * Whether others count the counter that a lane counts most. Its versions tell: each change is one, so there are none between
 * two batches that nobody came between.
 */
export class Rivals {
  /** As of the last batch. */
  isContended = false;

  private hottest: { readonly name: string; readonly version: number } | null = null;

  /** @param applied what became of the totals; those that are missing were not changed */
  note(totals: Iterable<Total>, applied: ReadonlyMap<string, Counter>): void {
    let most: Total | null = null;
    for (const total of totals) if (total.count >= HOT && total.count > (most?.count ?? 0)) most = total;
    const after = most === null ? undefined : applied.get(most.name);
    const before = this.hottest;
    this.hottest = after ?? null;
    this.isContended =
      after !== undefined && before?.name === after.name && before.version < after.version - (most?.count ?? 0);
  }
}
