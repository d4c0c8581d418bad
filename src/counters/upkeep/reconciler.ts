import { Injectable, Logger } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { CounterReader } from '../../store/counter-reader.js';
import { DatabaseClock } from '../database-clock.js';
import { publicationOf } from '../publication.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { groupsOf } from '../guard/groups.js';
import { Comparison, type ComparisonOptions } from './comparison.js';
import type { Drift } from './drift.js';
import { Walk } from './walk.js';
import { Clock } from '../clock.js';

/** Drift told in a report; more of it says nothing new. */
const MAX_DRIFT = 100;

/** Drift told in one line of the log. */
const MAX_DRIFT_LOGGED = 10;

export interface ReconcileReport {
  /** Entries that were compared; one may be compared twice. */
  readonly compared: number;
  readonly behind: number;
  readonly wrong: number;
  /** Entries that were replaced or deleted. */
  readonly repaired: number;
  /** The first of them. */
  readonly drift: readonly Drift[];
  /** Whether the walk came to its end: not where the limit was reached, or entries may not be served now. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/**
 * Compares entries with the truth, and repairs them. A safety net: the protocol keeps entries right, but for what it
 * cannot see, a hand that changed one or a fault in this service.
 */
@Injectable()
export class Reconciler {
  /** What all runs of this instance came to so far. */
  readonly tally = {
    runs: { complete: 0, incomplete: 0, failed: 0 },
    drift: { behind: 0, wrong: 0 },
    compared: 0,
    repaired: 0,
    /** Milliseconds of the calendar; null: not yet. */
    completeAtMs: null as number | null,
    durationMs: 0,
  };

  private readonly log = new Logger(Reconciler.name);
  private readonly comparison: Comparison;

  constructor(
    cache: CounterCache,
    reader: CounterReader,
    guard: CacheGuard,
    databaseClock: DatabaseClock,
    private readonly clock: Clock,
  ) {
    this.comparison = new Comparison(
      cache,
      reader,
      {
        permit: () => guard.permit(),
        isServing: () => guard.unitsStanding().serving > 0,
        nowMs: () => databaseClock.nowMs(),
        ofWrong: async (names) => {
          await cache.remove(names);
          return names.length;
        },
        ofBehind: async (truths, times, permit) => {
          const byName = new Map(truths.map((truth) => [truth.name, publicationOf(truth, times, null)]));
          const groups = groupsOf([...byName.keys()], permit).map(async ({ identity, names }) => {
            if (identity === null) return 0;
            await cache.publish(
              names.flatMap((name) => byName.get(name) ?? []),
              identity,
            );
            return names.length;
          });
          return (await Promise.all(groups)).reduce((sum, count) => sum + count, 0);
        },
      },
      clock,
    );
  }

  /**
   * Walks through all entries once, in bounded memory. Leases and foreign entries are left alone.
   *
   * @throws CacheUnavailable, StoreFailure when the walk was cut off; what was repaired until then stays so
   */
  async runOnce(options: ComparisonOptions = {}): Promise<ReconcileReport> {
    const walk = new Walk(MAX_DRIFT, this.clock);
    let result: 'complete' | 'incomplete' | 'failed' = 'failed';
    try {
      const complete = await this.comparison.of(walk, options);
      result = complete ? 'complete' : 'incomplete';
      const { compared, behind, wrong, repaired, drift, durationMs } = walk;
      return { compared, behind, wrong, repaired, drift, complete, durationMs };
    } finally {
      this.count(walk, result);
      this.tell(walk);
    }
  }

  private count({ compared, behind, wrong, repaired, durationMs }: Walk, result: 'complete' | 'incomplete' | 'failed') {
    const { tally } = this;
    tally.runs[result] += 1;
    tally.drift.behind += behind;
    tally.drift.wrong += wrong;
    tally.compared += compared;
    tally.repaired += repaired;
    tally.durationMs = durationMs;
    if (result === 'complete') tally.completeAtMs = this.clock.moment().calendarMs;
  }

  private tell({ behind, wrong, drift }: Walk): void {
    const examples = drift.slice(0, MAX_DRIFT_LOGGED);
    if (wrong > 0) {
      const msg = 'entries in the cache were nothing that was ever committed; they were deleted';
      this.log.error({ msg, wrong, behind, drift: examples });
    } else if (behind > 0) {
      this.log.warn({ msg: 'entries in the cache were behind the truth; they were replaced', behind, drift: examples });
    }
  }
}
