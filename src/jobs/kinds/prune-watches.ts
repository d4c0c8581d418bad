import { Injectable } from '@nestjs/common';
import { type WatchPruneReport, WatchPruning } from '../../counters/watches/watch-pruning.js';
import { type JobKind, KEPT, type Run } from '../job-kind.js';

/** Removes what watches were and webhooks were told long ago. */
@Injectable()
export class PruneWatchesJob implements JobKind {
  readonly name = 'prune-watches';
  readonly everyMs = 600_000;
  /** Of the frequent ones that succeed nothing is kept: there are so many that nothing else would be. */
  readonly options = { removeOnComplete: true, removeOnFail: KEPT };

  constructor(private readonly pruning: WatchPruning) {}

  runOnce({ signal }: Run): Promise<WatchPruneReport> {
    return this.pruning.runOnce({ signal });
  }
}
