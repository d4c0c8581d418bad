import { Injectable } from '@nestjs/common';
import { JobsSettings } from '../../config/config.js';
import { Reconciler, type ReconcileReport } from '../../counters/upkeep/reconciler.js';
import { type JobKind, KEPT, type Run } from '../job-kind.js';

/** Compares the cache with the truth, and repairs it. */
@Injectable()
export class ReconcileJob implements JobKind {
  readonly name = 'reconcile';
  readonly everyMs: number;
  readonly options = { removeOnComplete: KEPT, removeOnFail: KEPT };

  constructor(
    private readonly reconciler: Reconciler,
    { reconcileIntervalMs }: JobsSettings,
  ) {
    this.everyMs = reconcileIntervalMs;
  }

  runOnce({ signal }: Run): Promise<ReconcileReport> {
    return this.reconciler.runOnce({ signal });
  }
}
