import type { JobKind } from './job-kind.js';
import { CleanUpJob } from './kinds/clean-up.js';
import { DeriveHistoryJob } from './kinds/derive-history.js';
import { PruneHistoryJob } from './kinds/prune-history.js';
import { PruneWatchesJob } from './kinds/prune-watches.js';
import { ReconcileJob } from './kinds/reconcile.js';
import { RehydrateAllJob } from './kinds/rehydrate-all.js';
import { RehydrateJob } from './kinds/rehydrate.js';
import { RollUpHistoryJob } from './kinds/roll-up-history.js';

/** Every kind of job. */
export const KINDS = [
  ReconcileJob,
  RehydrateJob,
  RehydrateAllJob,
  CleanUpJob,
  DeriveHistoryJob,
  RollUpHistoryJob,
  PruneHistoryJob,
  PruneWatchesJob,
] as const;

/** The kinds of jobs as they are in this process. */
export class JobKinds {
  constructor(readonly all: readonly JobKind[]) {}

  /** @returns null where there is none of this name */
  named(name: string): JobKind | null {
    return this.all.find((kind) => kind.name === name) ?? null;
  }
}
