import { Injectable } from '@nestjs/common';
import { HistoryRoller, type RollUpReport } from '../../counters/history/history-roller.js';
import { FAILURES_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Brings history from minutes to hours and days. */
@Injectable()
export class RollUpHistoryJob implements JobKind {
  readonly name = 'roll-up-history';
  /** Once for each minute that is over. */
  readonly everyMs = 60_000;
  readonly options = FAILURES_KEPT;

  constructor(private readonly roller: HistoryRoller) {}

  runOnce({ signal }: Run): Promise<RollUpReport> {
    return this.roller.runOnce({ signal });
  }
}
