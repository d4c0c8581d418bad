import { Injectable } from '@nestjs/common';
import { type WatchPruneReport, WatchPruning } from '../../counters/watches/watch-pruning.js';
import { FAILURES_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Removes what watches were and webhooks were told long ago. */
@Injectable()
export class PruneWatchesJob implements JobKind {
  readonly name = 'prune-watches';
  /** What is a quarter old may be some minutes older. */
  readonly everyMs = 600_000;
  readonly options = FAILURES_KEPT;

  constructor(private readonly pruning: WatchPruning) {}

  runOnce({ signal }: Run): Promise<WatchPruneReport> {
    return this.pruning.runOnce({ signal });
  }
}
