import { Injectable } from '@nestjs/common';
import { type HistoryPruneReport, HistoryPruner } from '../../counters/history/history-pruner.js';
import { FAILURES_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Removes the history that is no longer kept. */
@Injectable()
export class PruneHistoryJob implements JobKind {
  readonly name = 'prune-history';
  /** An hour of minutes, or a day of hours, becomes too old at a time. */
  readonly everyMs = 600_000;
  readonly options = FAILURES_KEPT;

  constructor(private readonly pruner: HistoryPruner) {}

  runOnce({ signal }: Run): Promise<HistoryPruneReport> {
    return this.pruner.runOnce({ signal });
  }
}
