import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { HistoryReader } from '../../store/history/history-reader.js';
import { DatabaseClock } from '../database-clock.js';
import { type HistoryPoint, type HistoryRange, keptFromMs, pointsOf } from './history.js';
import { orUnavailable } from '../or-unavailable.js';

/** Reads changes over time. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly reader: HistoryReader,
    private readonly settings: HistorySettings,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * The points of a counter in a range, as far as they are kept; null where there is no counter.
   *
   * @throws Unavailable
   */
  async points(name: string, range: HistoryRange): Promise<HistoryPoint[] | null> {
    const fromMs = Math.max(range.fromMs, keptFromMs(range.interval, this.settings, this.clock.nowMs()));
    const kept = { interval: range.interval, fromMs, toMs: Math.max(range.toMs, fromMs) };
    const known = await orUnavailable(() => this.reader.known({ name, ...kept }));
    return known === null ? null : pointsOf(known, kept);
  }
}
