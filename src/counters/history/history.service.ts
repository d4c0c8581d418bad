import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { type HistoryQuestion, HistoryReader } from '../../store/history/history-reader.js';
import { DatabaseClock } from '../database-clock.js';
import { type HistoryPoint, type HistoryRange, hoursFromMs, keptFromMs, pointsOf } from './history.js';
import { beginOf, beginsBetween, nextOf } from './intervals.js';
import { orUnavailable } from '../or-unavailable.js';

/** What several counters came to over one range. */
export interface Histories {
  /** As far as it is kept, and in the zone in which it is. */
  readonly range: HistoryRange;
  /** By name; those that are not there are left out. */
  readonly points: ReadonlyMap<string, HistoryPoint[]>;
}

/** Reads changes over time. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly reader: HistoryReader,
    private readonly settings: HistorySettings,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * The points of counters in a range, as far as they are kept. Days from before hours are kept begin in a zone of their
   * own: where the range reaches back to them, all of its points do.
   *
   * @param from `first`: from the first change of each counter on; `begin`: all points of the range
   * @throws Unavailable
   */
  async points(names: readonly string[], asked: HistoryRange, from: 'first' | 'begin'): Promise<Histories> {
    return orUnavailable(async () => {
      const { range, question } = await this.kept(names, asked);
      const known = await this.reader.known({ names, ...question });
      const points = new Map<string, HistoryPoint[]>();
      for (const [name, values] of known) points.set(name, pointsOf(values, range, from));
      return { range, points };
    });
  }

  /** What of a range is kept, and of which rows it is made. */
  private async kept(names: readonly string[], asked: HistoryRange): Promise<Kept> {
    const nowMs = this.clock.nowMs();
    if (asked.interval === 'minute') {
      return this.madeOf('minutes', since(asked, keptFromMs('minute', this.settings, nowMs)));
    }
    const { zone } = this.settings;
    const { createdMs, ...oldest } = await this.reader.knownSince(names, keptFromMs('hour', this.settings, nowMs));
    const wholeFromMs = hoursFromMs(this.settings, oldest, nowMs);
    if (asked.interval === 'hour') return this.madeOf('quarters', since(asked, wholeFromMs));
    const [fromMs = Infinity] = asked.begins;
    // Before its counters came into being, nothing is missing.
    if (fromMs >= wholeFromMs || createdMs === null || createdMs >= wholeFromMs) return this.madeOf('quarters', asked);
    const begins = beginsBetween(asked.interval, zone, fromMs, asked.endMs, Infinity) ?? [];
    return this.madeOf('days', { ...asked, zone, begins }, wholeFromMs);
  }

  private madeOf(madeOf: HistoryQuestion['madeOf'], range: HistoryRange, daysToMs = -Infinity): Kept {
    const { interval, zone, begins, endMs } = range;
    const [first, last] = [begins[0], begins.at(-1)];
    const toMs = last === undefined ? endMs : nextOf(interval, zone, last);
    const daysBeforeMs = first === undefined ? -Infinity : beginOf('day', this.settings.zone, first);
    return { range, question: { begins, toMs, madeOf, daysToMs, daysBeforeMs } };
  }
}

interface Kept {
  readonly range: HistoryRange;
  readonly question: Omit<HistoryQuestion, 'names'>;
}

function since(range: HistoryRange, fromMs: number): HistoryRange {
  return { ...range, begins: range.begins.filter((ms) => ms >= fromMs) };
}
