import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { Meters } from '../../meters/meters.js';
import { HistoryDerivation } from '../../store/history/history-derivation.js';
import { CHUNK_PAUSE_MS, endOfRun } from '../chunks.js';
import { Clock } from '../clock.js';
import { beginOf } from './intervals.js';

/** After an outage there is much to catch up with; other jobs get their turn in between. */
const LONGEST_RUN_MS = 10_000;

export interface DeriveReport {
  /** Batches that were taken into the history. */
  readonly batches: number;
  /** Rows of minutes that were written. */
  readonly minutes: number;
  /** Whether everything that was committed when it began is in the history now. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Takes what was committed into the history. It may stop anywhere, be late, or be done twice: nothing changes by it. */
@Injectable()
export class HistoryDeriver {
  private readonly log = new Logger(HistoryDeriver.name);
  /** Of the calendar; null before the first run that left nothing over. */
  private completeAtMs: number | null = null;

  constructor(
    private readonly derivation: HistoryDerivation,
    meters: Meters,
    private readonly settings: HistorySettings,
    private readonly clock: Clock,
  ) {
    meters.add({
      kind: 'gauge',
      name: 'evercount_history_last_complete_timestamp_seconds',
      together: 'committer',
      help: 'When a run at this instance last left nothing to take into the history; missing before the first',
      read: () => (this.completeAtMs === null ? [] : [{ labels: {}, value: this.completeAtMs / 1_000 }]),
    });
  }

  /** Works in chunks until nothing is left, or its time is over. */
  async runOnce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<DeriveReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = endOfRun(LONGEST_RUN_MS, signal);
    let [batches, minutes, complete] = [0, 0, false];
    while (!stop.aborted && !complete) {
      if (batches > 0) await sleep(CHUNK_PAUSE_MS);
      const chunk = await this.derivation.deriveChunk((ms) => beginOf('day', this.settings.zone, ms));
      // Another instance is at it.
      if (chunk === null) break;
      if (chunk.gap)
        this.log.error('batches went before they were in the history: it is coarser there, and right after it');
      batches += chunk.batches;
      minutes += chunk.minutes;
      complete = chunk.complete;
    }
    if (complete) this.completeAtMs = this.clock.moment().calendarMs;
    return { batches, minutes, complete, durationMs: Math.round(this.clock.monotonicMs() - startedAtMs) };
  }
}
