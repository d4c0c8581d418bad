import { Injectable, Logger } from '@nestjs/common';
import { Happenings } from '../../counters/happenings/happenings.js';
import { Rehydrator, type RehydrateReport } from '../../counters/upkeep/rehydrator.js';
import { Meters } from '../../meters/meters.js';
import { ALL_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Counters that a rehydration fills at most: what is hot, within about a second. */
const MAX_COUNTERS = 10_000;

/** A rehydration is tried this often before the cache is left to its readers. */
const ATTEMPTS = 3;
const RETRY_MS = 1_000;

/** Of both kinds of it. */
export const REHYDRATION = {
  ...ALL_KEPT,
  attempts: ATTEMPTS,
  backoff: { type: 'fixed', delay: RETRY_MS },
} as const;

/** Fills a cache that was found empty. */
@Injectable()
export class RehydrateJob implements JobKind {
  readonly name = 'rehydrate';
  readonly everyMs = null;
  readonly options = REHYDRATION;

  private readonly log = new Logger(RehydrateJob.name);
  private filled = 0;

  constructor(
    private readonly rehydrator: Rehydrator,
    private readonly happenings: Happenings,
    meters: Meters,
  ) {
    meters.add({
      kind: 'counter',
      name: 'evercount_rehydrated_total',
      help: 'Entries that rehydrations of this instance filled',
      read: () => this.filled,
    });
  }

  async runOnce({ signal, progress }: Run): Promise<RehydrateReport> {
    const report = await this.rehydrator.runOnce(MAX_COUNTERS, { signal, progress });
    this.filled += report.filled;
    // A job that failed is taken up again by another instance.
    if (signal.aborted && !report.complete) throw new Error('this instance is shutting down');
    this.log.log({ msg: 'the cache was filled', ...report });
    this.happenings.note('cache.refilled', report);
    return report;
  }
}
