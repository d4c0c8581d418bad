import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { DAY_MS, HOUR_MS } from '../../domain/time.js';
import { HistoryPruning } from '../../store/history/history-pruning.js';
import { endOfRun, removeInChunks } from '../chunks.js';
import { Clock } from '../clock.js';

/** Rows in one statement: tens of milliseconds, far below the statement timeout. */
const CHUNK = 5_000;

/** Other jobs get their turn; what is left is done in the next run. */
const LONGEST_RUN_MS = 15_000;

export interface HistoryPruneReport {
  /** Rows of minutes that were removed. */
  readonly minutes: number;
  /** Rows of hours that were removed. */
  readonly hours: number;
  /** Whether nothing was left to remove. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Removes the history that is no longer kept. */
@Injectable()
export class HistoryPruner {
  constructor(
    private readonly pruning: HistoryPruning,
    private readonly settings: HistorySettings,
    private readonly clock: Clock,
  ) {}

  /** Removes in chunks until nothing is left, or its time is over. */
  async runOnce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<HistoryPruneReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = endOfRun(LONGEST_RUN_MS, signal);
    const { minutesKeptHours, hoursKeptDays } = this.settings;
    const prune = (period: 'minutes' | 'hours', keptMs: number) =>
      removeInChunks(CHUNK, stop, (limit) => this.pruning.removeOlderThan(period, keptMs, limit));
    const minutes = await prune('minutes', minutesKeptHours * HOUR_MS);
    const hours = await prune('hours', hoursKeptDays * DAY_MS);
    return {
      minutes: minutes.removed,
      hours: hours.removed,
      complete: minutes.complete && hours.complete,
      durationMs: Math.round(this.clock.monotonicMs() - startedAtMs),
    };
  }
}
