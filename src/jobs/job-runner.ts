import { Injectable, Logger } from '@nestjs/common';
import { CleanUp } from '../counters/upkeep/clean-up.js';
import { HistoryDeriver } from '../counters/history/history-deriver.js';
import { HistoryUpkeep } from '../counters/history/history-upkeep.js';
import { Reconciler } from '../counters/upkeep/reconciler.js';
import { Rehydrator, type RehydrateReport } from '../counters/upkeep/rehydrator.js';
import type { Reading } from '../meters/meters.js';
import type { JobKind, LastReports, Progress, Report } from './job-kinds.js';

/** Counters that a rehydration fills at most: what is hot, within about a second. */
const REHYDRATE_LIMIT = 10_000;

/** Runs a job in this process, whether it came by the queue or not. */
@Injectable()
export class JobRunner {
  private readonly log = new Logger(JobRunner.name);
  private readonly tally = new Map<JobKind, { done: number; failed: number }>();
  private filledSoFar = 0;
  private readonly failures = new Map<JobKind, number>();
  private readonly stopping = new AbortController();
  private lastReports: LastReports = { reconcile: null, rehydrate: null };

  constructor(
    private readonly reconciler: Reconciler,
    private readonly rehydrator: Rehydrator,
    private readonly cleanUp: CleanUp,
    private readonly historyDeriver: HistoryDeriver,
    private readonly historyUpkeep: HistoryUpkeep,
  ) {}

  /** What this instance reported last. */
  get last(): LastReports {
    return this.lastReports;
  }

  /** Entries that rehydrations filled. */
  get filled(): number {
    return this.filledSoFar;
  }

  /** How many runs there were of each kind, by what became of them. */
  runs(): Reading[] {
    return [...this.tally].flatMap(([kind, results]) =>
      Object.entries(results).map(([result, value]) => ({ labels: { kind, result }, value })),
    );
  }

  /** Asks what runs to stop after its step at hand. */
  stop(): void {
    this.stopping.abort();
  }

  /** @param progress called after each step of a job that has steps to tell of */
  async run(kind: JobKind, progress: (progress: Progress) => void): Promise<Report> {
    const tally = this.tally.get(kind) ?? { done: 0, failed: 0 };
    this.tally.set(kind, tally);
    try {
      const report = await this.dispatch(kind, progress);
      tally.done += 1;
      this.noteSuccess(kind);
      this.log.debug({ msg: 'a job is done', kind, report });
      return report;
    } catch (error) {
      tally.failed += 1;
      this.noteFailure(kind, error);
      throw error;
    }
  }

  private async dispatch(kind: JobKind, progress: (progress: Progress) => void): Promise<Report> {
    const { signal } = this.stopping;
    switch (kind) {
      case 'reconcile': {
        const report = await this.reconciler.runOnce({ signal });
        this.lastReports = { ...this.lastReports, reconcile: { finishedAt: new Date().toISOString(), report } };
        return report;
      }
      case 'rehydrate':
        return this.rehydrate(signal, progress);
      case 'clean-up':
        return this.cleanUp.runOnce({ signal });
      case 'derive-history':
        return this.historyDeriver.runOnce({ signal });
      case 'roll-up-history':
        return this.historyUpkeep.rollUpOnce({ signal });
      case 'prune-history':
        return this.historyUpkeep.pruneOnce({ signal });
    }
  }

  private async rehydrate(signal: AbortSignal, progress: (progress: Progress) => void): Promise<RehydrateReport> {
    const report = await this.rehydrator.runOnce(REHYDRATE_LIMIT, { signal, progress });
    this.filledSoFar += report.filled;
    // A job that failed is taken up again by another instance.
    if (signal.aborted && !report.complete) throw new Error('this instance is shutting down');
    this.lastReports = { ...this.lastReports, rehydrate: { finishedAt: new Date().toISOString(), report } };
    this.log.log({ msg: 'the cache was filled', ...report });
    return report;
  }

  /** While a server is away every run fails: the first one is told, and at the end how many it were. */
  private noteFailure(kind: JobKind, error: unknown): void {
    const failures = (this.failures.get(kind) ?? 0) + 1;
    this.failures.set(kind, failures);
    if (failures === 1) this.log.warn({ msg: 'a job failed; it is run again in time', kind, err: error });
  }

  private noteSuccess(kind: JobKind): void {
    const failures = this.failures.get(kind);
    if (failures === undefined) return;
    this.failures.delete(kind);
    this.log.log({ msg: 'a job succeeds again', kind, failures });
  }
}
