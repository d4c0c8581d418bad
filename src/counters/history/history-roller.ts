import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { HistoryRollUp } from '../../store/history/history-roll-up.js';
import { endOfRun } from '../chunks.js';
import { Clock } from '../clock.js';
import { beginOf } from './intervals.js';

/** Other jobs get their turn; what is left is done in the next run. */
const LONGEST_RUN_MS = 15_000;

export interface RollUpReport {
  /** Rows of minutes that were taken into hours and days. */
  readonly rows: number;
  /** Whether all minutes that are over are in hours and days now. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Brings history from minutes to hours and days. Doing it twice changes nothing. */
@Injectable()
export class HistoryRoller {
  constructor(
    private readonly rollUps: HistoryRollUp,
    private readonly settings: HistorySettings,
    private readonly clock: Clock,
  ) {}

  /** Rolls up minute by minute until none is left, or its time is over. */
  async runOnce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<RollUpReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = endOfRun(LONGEST_RUN_MS, signal);
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
}
