import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';

/** Counters that readers could not fill lately; far more than can be hot at once. */
const MAX_NAMES = 1_000;

/** Older wishes are forgotten: nobody reads that counter any more, or it was filled. */
const WISH_LIFE_MS = 2_000;

/** Batches in a row that found no entry, after which the writer helps. */
const BATCHES_WITHOUT_ENTRY = 2;

interface Wish {
  readonly atMs: number;
  batchesWithoutEntry: number;
}

/**
 * A counter that is written all the time would never find its way back into the cache: each publish deletes the
 * readers' lease. Readers that were refused note it here, and the writer then takes the lease itself.
 */
@Injectable()
export class FillDemand {
  private readonly wishes = new Map<string, Wish>();

  constructor(private readonly clock: Clock) {}

  /** A reader could not fill this counter. */
  note(name: string): void {
    const earlier = this.wishes.get(name);
    // The oldest goes first: a Map keeps the order of insertion.
    this.wishes.delete(name);
    this.wishes.set(name, { atMs: this.clock.monotonicMs(), batchesWithoutEntry: earlier?.batchesWithoutEntry ?? 0 });
    if (this.wishes.size > MAX_NAMES) {
      const [oldest] = this.wishes.keys();
      if (oldest !== undefined) this.wishes.delete(oldest);
    }
  }

  /** A batch published this counter, and found an entry or not. */
  published(name: string, entryFound: boolean): void {
    if (this.wishes.size === 0) return;
    if (entryFound) this.wishes.delete(name);
    else {
      const wish = this.wishes.get(name);
      if (wish !== undefined) wish.batchesWithoutEntry += 1;
    }
  }

  /**
   * Which of these counters the writer should take a lease for, before its next commit.
   *
   * @param names looked at only where there are wishes at all
   */
  wantedOf(names: Iterable<string>): string[] {
    if (this.wishes.size === 0) return [];
    const forgottenMs = this.clock.monotonicMs() - WISH_LIFE_MS;
    return [...new Set(names)].filter((name) => {
      const wish = this.wishes.get(name);
      if (wish === undefined) return false;
      if (wish.atMs >= forgottenMs) return wish.batchesWithoutEntry >= BATCHES_WITHOUT_ENTRY;
      this.wishes.delete(name);
      return false;
    });
  }
}
