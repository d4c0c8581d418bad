import { Injectable, Logger } from '@nestjs/common';
import { Happenings } from '../../counters/happenings/happenings.js';
import { Rehydrator, type RehydrateReport } from '../../counters/upkeep/rehydrator.js';
import { ALL_KEPT, type JobKind, type Run } from '../job-kind.js';

/** A rehydration is tried this often before the cache is left to its readers. */
const ATTEMPTS = 3;
const RETRY_MS = 1_000;

/** A job that fills the cache, whatever with. */
@Injectable()
export abstract class Rehydration implements JobKind {
  abstract readonly name: string;
  readonly everyMs = null;
  readonly options = {
    ...ALL_KEPT,
    attempts: ATTEMPTS,
    backoff: { type: 'fixed', delay: RETRY_MS },
  };

  private readonly log = new Logger(this.constructor.name);

  constructor(
    protected readonly rehydrator: Rehydrator,
    private readonly happenings: Happenings,
  ) {}

  protected abstract fill(run: Run): Promise<RehydrateReport>;

  async runOnce(run: Run): Promise<RehydrateReport> {
    const report = await this.fill(run);
    // A job that failed is taken up again by another instance.
    if (run.signal.aborted && !report.complete) throw new Error('this instance is shutting down');
    this.log.log({ msg: 'the cache was filled', ...report });
    this.happenings.note('cache.refilled', report);
    return report;
  }
}
