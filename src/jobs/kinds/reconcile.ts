import { Injectable } from '@nestjs/common';
import { JobsSettings } from '../../config/config.js';
import { Happenings } from '../../counters/happenings/happenings.js';
import { Reconciler, type ReconcileReport } from '../../counters/upkeep/reconciler.js';
import { ALL_KEPT, type JobKind, type Run } from '../job-kind.js';

/** Compares the cache with the truth, and repairs it. */
@Injectable()
export class ReconcileJob implements JobKind {
  readonly name = 'reconcile';
  readonly everyMs: number;
  readonly options = ALL_KEPT;

  constructor(
    private readonly reconciler: Reconciler,
    private readonly happenings: Happenings,
    { reconcileIntervalMs }: JobsSettings,
  ) {
    this.everyMs = reconcileIntervalMs;
  }

  async runOnce({ signal }: Run): Promise<ReconcileReport> {
    const report = await this.reconciler.runOnce({ signal });
    const { behind, wrong, repaired, compared, durationMs } = report;
    if (behind + wrong > 0) this.happenings.note('cache.drift', { behind, wrong, repaired, compared, durationMs });
    return report;
  }
}
