import { Injectable, Logger } from '@nestjs/common';
import { Happenings } from '../../counters/happenings/happenings.js';
import { Rehydrator, type RehydrateReport } from '../../counters/upkeep/rehydrator.js';
import type { JobKind, Run } from '../job-kind.js';
import { REHYDRATION } from './rehydrate.js';

/** Fills the cache with whatever there is: for somebody who knows that all of it will be read, and that it has room. */
@Injectable()
export class RehydrateAllJob implements JobKind {
  readonly name = 'rehydrate-all';
  readonly everyMs = null;
  readonly options = REHYDRATION;

  private readonly log = new Logger(RehydrateAllJob.name);

  constructor(
    private readonly rehydrator: Rehydrator,
    private readonly happenings: Happenings,
  ) {}

  async runOnce(run: Run): Promise<RehydrateReport> {
    const report = await this.rehydrator.runOnceOverAll(run);
    if (run.signal.aborted && !report.complete) throw new Error('this instance is shutting down');
    this.log.log({ msg: 'the cache was filled with all there is', ...report });
    this.happenings.note('cache.refilled', report);
    return report;
  }
}
