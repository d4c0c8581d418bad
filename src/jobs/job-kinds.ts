import type { CleanUpReport } from '../counters/upkeep/clean-up.js';
import type { DeriveReport } from '../counters/history/history-deriver.js';
import type { PruneReport, RollUpReport } from '../counters/history/history-upkeep.js';
import type { ReconcileReport } from '../counters/upkeep/reconcile-walk.js';
import type { RehydrateProgress, RehydrateReport } from '../counters/upkeep/rehydrator.js';

/** What each kind of job reports when it is done. */
export interface Reports {
  readonly reconcile: ReconcileReport;
  readonly rehydrate: RehydrateReport;
  readonly 'clean-up': CleanUpReport;
  readonly 'derive-history': DeriveReport;
  readonly 'roll-up-history': RollUpReport;
  readonly 'prune-history': PruneReport;
}

export type JobKind = keyof Reports;
export type Report = Reports[JobKind];
export type Progress = RehydrateProgress;

const KINDS: ReadonlySet<string> = new Set<JobKind>([
  'reconcile',
  'rehydrate',
  'clean-up',
  'derive-history',
  'roll-up-history',
  'prune-history',
]);

export function isJobKind(name: string): name is JobKind {
  return KINDS.has(name);
}

/** A report, and when it was made (RFC 3339). */
export interface Finished<K extends JobKind> {
  readonly finishedAt: string;
  readonly report: Reports[K];
}

/** What was reported last; null: nothing yet, or nothing that was kept. */
export interface LastReports {
  readonly reconcile: Finished<'reconcile'> | null;
  readonly rehydrate: Finished<'rehydrate'> | null;
}
