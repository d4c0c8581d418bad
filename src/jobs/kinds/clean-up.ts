import { Injectable } from '@nestjs/common';
import { CleanUp, type CleanUpReport } from '../../counters/upkeep/clean-up.js';
import { FAILURES_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Removes rows that nobody will ask for any more. */
@Injectable()
export class CleanUpJob implements JobKind {
  readonly name = 'clean-up';
  /** Rows expire all the time. */
  readonly everyMs = 60_000;
  readonly options = FAILURES_KEPT;

  constructor(private readonly cleanUp: CleanUp) {}

  runOnce({ signal }: Run): Promise<CleanUpReport> {
    return this.cleanUp.runOnce({ signal });
  }
}
