import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { HistoryPruning } from '../../store/history/history-pruning.js';
import { HistoryRollUp } from '../../store/history/history-roll-up.js';
import { Clock } from '../clock.js';
import { beginOf, DAY_MS, HOUR_MS } from './intervals.js';

/** Rows that are removed in one statement: tens of milliseconds, far below the statement timeout. */
const PRUNE_CHUNK = 5_000;

/** Lets other statements have the connection and the disk. */
const PAUSE_MS = 10;

/** Other jobs get their turn; what is left is done in the next run. */
const LONGEST_RUN_MS = 15_000;

export interface RollUpReport {
  /** Rows of minutes that were taken into hours and days. */
  readonly rows: number;
  /** Whether all minutes that are over are in hours and days now. */
  readonly complete: boolean;
  readonly durationMs: number;
}

export interface PruneReport {
  /** Rows of minutes that were removed. */
  readonly minutes: number;
  /** Rows of hours that were removed. */
  readonly hours: number;
  /** Whether nothing was left to remove. */
  readonly complete: boolean;
  readonly durationMs: number;
}

interface RunOptions {
  /** Stop after the step at hand. */
  readonly signal?: AbortSignal;
}

/** Brings history from minutes to hours and days, and removes what is no longer kept. Doing it twice changes nothing. */
@Injectable()
export class HistoryUpkeep {
  constructor(
    private readonly rollUps: HistoryRollUp,
    private readonly pruning: HistoryPruning,
    private readonly settings: HistorySettings,
    private readonly clock: Clock,
  ) {}

  /** Rolls up minute by minute until none is left, or the time is over. */
  async rollUpOnce({ signal }: RunOptions = {}): Promise<RollUpReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = stopOf(signal);
    let [rows, complete] = [0, false];
    while (!stop.aborted && !complete) {
      const step = await this.rollUps.rollUpMinute((ms) => beginOf('day', this.settings.zone, ms));
      // Another instance is at it.
      if (step === null) break;
      rows += step.rows;
      complete = step.complete;
    }
    return { rows, complete, durationMs: Math.round(this.clock.monotonicMs() - startedAtMs) };
  }

  /** Removes in chunks until nothing is left, or the time is over. */
  async pruneOnce({ signal }: RunOptions = {}): Promise<PruneReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = stopOf(signal);
    const { minutesKeptHours, hoursKeptDays } = this.settings;
    const minutes = await this.prune('minutes', minutesKeptHours * HOUR_MS, stop);
    const hours = await this.prune('hours', hoursKeptDays * DAY_MS, stop);
    return {
      minutes: minutes.removed,
      hours: hours.removed,
      complete: minutes.complete && hours.complete,
      durationMs: Math.round(this.clock.monotonicMs() - startedAtMs),
    };
  }

  private async prune(period: 'minutes' | 'hours', keptMs: number, stop: AbortSignal) {
    let removed = 0;
    while (!stop.aborted) {
      const count = await this.pruning.removeOlderThan(period, keptMs, PRUNE_CHUNK);
      removed += count;
      if (count < PRUNE_CHUNK) return { removed, complete: true };
      await sleep(PAUSE_MS);
    }
    return { removed, complete: false };
  }
}

function stopOf(signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(LONGEST_RUN_MS), ...(signal === undefined ? [] : [signal])]);
}
