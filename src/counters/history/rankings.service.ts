import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { isStatementTimeout, StoreFailure } from '../../store/failure.js';
import { HistoryRankings, type Ranking, type Sum } from '../../store/history/history-rankings.js';
import { DatabaseClock } from '../database-clock.js';
import { beginOf, type Interval, INTERVAL_MS, keptFromMs } from './history.js';
import { KeptAnswers } from './kept-answers.js';
import { Turns } from '../turns.js';
import { Unavailable } from '../../domain/errors.js';
import { orUnavailable } from '../or-unavailable.js';
import type { Holder } from '../shares.js';

/** How far back a change is looked at, and in steps of which interval. */
export const PERIODS = {
  '1h': { lengthMs: INTERVAL_MS.hour, interval: 'minute' },
  '24h': { lengthMs: INTERVAL_MS.day, interval: 'hour' },
  '7d': { lengthMs: 7 * INTERVAL_MS.day, interval: 'hour' },
  '30d': { lengthMs: 30 * INTERVAL_MS.day, interval: 'day' },
} as const satisfies Record<string, { lengthMs: number; interval: Interval }>;

export type Period = keyof typeof PERIODS;

/** Some counters may be gone by then; mostly it would take as long again. */
const TOO_MANY_RETRY_SECONDS = 60;

/** The most counters of one ranking. */
export const MAX_RANKED = 100;

export interface RankingRequest {
  readonly prefix: string;
  readonly by: 'value' | 'change';
  readonly over: Period;
  /** 1 to MAX_RANKED. */
  readonly limit: number;
}

/** Looks at many counters at once: what they add up to, and which of them are the first. */
@Injectable()
export class RankingsService {
  private readonly turns = new Turns();
  private readonly sums = new KeptAnswers<Sum>(this.turns);
  private readonly rankings = new KeptAnswers<Ranking>(this.turns);

  constructor(
    private readonly rows: HistoryRankings,
    private readonly settings: HistorySettings,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Number and sum of the counters of a prefix, exact at the instant it names, which may be some seconds ago.
   *
   * @param holder whose share of the questions it is
   * @throws Unavailable
   */
  async sum(prefix: string, holder: Holder): Promise<Sum> {
    return this.sums.ask(prefix, holder, () => inTime(() => this.rows.sum(prefix)));
  }

  /**
   * The first counters of a prefix by value, or of those that changed in a period by what they gained.
   *
   * @throws Unavailable
   */
  async top({ prefix, by, over, limit }: RankingRequest, holder: Holder): Promise<Ranking> {
    const question = JSON.stringify([prefix, by, over, limit]);
    return this.rankings.ask(question, holder, () => {
      const { interval, sinceMs } = this.beginOf(over, this.clock.nowMs());
      return inTime(() => this.rows.top({ prefix, by, interval, sinceMs, limit }));
    });
  }

  /** In coarser steps where the finer ones are not kept for that long. */
  private beginOf(over: Period, nowMs: number): { interval: Interval; sinceMs: number } {
    const { lengthMs, interval } = PERIODS[over];
    const sinceMs = beginOf(interval, nowMs - lengthMs);
    if (sinceMs >= keptFromMs(interval, this.settings, nowMs)) return { interval, sinceMs };
    return { interval: 'day', sinceMs: beginOf('day', nowMs - lengthMs) };
  }
}

/** @throws Unavailable where Postgres did not answer, or there is too much to look at */
async function inTime<T>(look: () => Promise<T>): Promise<T> {
  return orUnavailable(async () => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof StoreFailure && isStatementTimeout(error))) throw error;
      throw new Unavailable('These are too many counters to look at; ask for a longer prefix.', TOO_MANY_RETRY_SECONDS);
    }
  });
}
