import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import { isStatementTimeout, StoreFailure } from '../../store/failure.js';
import { type ChangeQuestion, HistoryRankings, type Ranking, type Sum } from '../../store/history/history-rankings.js';
import { type Level, NameTree, type TreeQuestion } from '../../store/name-tree.js';
import { HistoryReader } from '../../store/history/history-reader.js';
import { DatabaseClock } from '../database-clock.js';
import type { Zone } from '../../domain/zone.js';
import { hoursFromMs, keptFromMs } from './history.js';
import { beginOf } from './intervals.js';
import { KeptAnswers } from './kept-answers.js';
import { Turns } from '../turns.js';
import { type Over, periodOf } from './periods.js';
import { Unavailable } from '../../domain/errors.js';
import { orUnavailable } from '../or-unavailable.js';
import type { Holder } from '../shares.js';
import { Clock } from '../clock.js';

/** Some counters may be gone by then; mostly it would take as long again. */
const TOO_MANY_RETRY_SECONDS = 60;

/** The most counters of one ranking. */
export const MAX_RANKED = 100;

/** Over which period a change is looked at, and in which zone that begins. */
export interface PeriodRequest {
  readonly over: Over;
  readonly zone: Zone;
}

export interface RankingRequest extends PeriodRequest {
  readonly prefix: string;
  readonly by: 'value' | 'change';
  /** 1 to MAX_RANKED. */
  readonly limit: number;
}

/** A period as it came out: in the zone in which it is kept. */
export interface ToldPeriod {
  readonly fromMs: number;
  /** Null: up to the moment at which it was looked at. */
  readonly toMs: number | null;
  readonly zone: Zone;
}

/** Looks at many counters at once: what they add up to, and which of them are the first. */
@Injectable()
export class RankingsService {
  private readonly sums: KeptAnswers<Sum & { readonly period: ToldPeriod | null }>;
  private readonly rankings: KeptAnswers<Ranking & { readonly period: ToldPeriod }>;
  private readonly levels: KeptAnswers<Level>;

  constructor(
    private readonly rows: HistoryRankings,
    private readonly tree: NameTree,
    private readonly reader: HistoryReader,
    private readonly settings: HistorySettings,
    private readonly databaseClock: DatabaseClock,
    clock: Clock,
  ) {
    const turns = new Turns(clock);
    this.sums = new KeptAnswers(turns, clock);
    this.rankings = new KeptAnswers(turns, clock);
    this.levels = new KeptAnswers(turns, clock);
  }

  /**
   * Number and sum of the counters of a prefix, exact at the instant it names, which may be some seconds ago.
   *
   * @param asked the period in which their change is asked for; null: it is not
   * @param holder whose share of the questions it is
   * @throws Unavailable
   */
  async sum(prefix: string, asked: PeriodRequest | null, holder: Holder) {
    const question = JSON.stringify([prefix, asked?.over, asked?.zone.name]);
    return this.sums.ask(question, holder, () =>
      inTime(async () => {
        const found = asked === null ? null : await this.periodOf(asked);
        return { ...(await this.rows.sum(prefix, found?.question ?? null)), period: found?.period ?? null };
      }),
    );
  }

  /**
   * The first counters of a prefix by value, or of those that changed in a period by what they gained.
   *
   * @throws Unavailable
   */
  async top(request: RankingRequest, holder: Holder) {
    const { prefix, by, over, zone, limit } = request;
    const question = JSON.stringify([prefix, by, over, zone.name, limit]);
    return this.rankings.ask(question, holder, () =>
      inTime(async () => {
        const { period, question: changed } = await this.periodOf(request);
        return { ...(await this.rows.top({ prefix, by, limit, ...changed })), period };
      }),
    );
  }

  /**
   * The next level of names below a prefix, as a separator parts them, with what is below each.
   *
   * @throws Unavailable
   */
  async level(question: TreeQuestion, holder: Holder): Promise<Level> {
    return this.levels.ask(JSON.stringify(question), holder, () => inTime(() => this.tree.level(question)));
  }

  /** From before hours are kept, whole days in a zone of their own. */
  private async periodOf({ over, zone }: PeriodRequest): Promise<{ period: ToldPeriod; question: ChangeQuestion }> {
    const nowMs = this.databaseClock.nowMs();
    const { fromMs, toMs, interval } = periodOf(over, zone, nowMs);
    const kept = this.settings.zone;
    const oldest = await this.reader.knownSince([], keptFromMs('hour', this.settings, nowMs));
    const dayOf = (ms: number) => beginOf('day', kept, ms);
    if (fromMs < hoursFromMs(this.settings, oldest, nowMs)) {
      const days = { fromMs: dayOf(fromMs), toMs: toMs === null ? null : dayOf(toMs) };
      const question = { rows: 'days', ...days, fromDayMs: days.fromMs, toDayMs: days.toMs } as const;
      return { period: { ...days, zone: kept }, question };
    }
    const inMinutes = interval === 'minute' && fromMs >= keptFromMs('minute', this.settings, nowMs);
    return {
      period: { fromMs, toMs, zone },
      question: {
        rows: inMinutes ? 'minutes' : 'hours',
        fromMs,
        toMs,
        fromDayMs: dayOf(fromMs),
        toDayMs: toMs === null ? null : dayOf(toMs),
      },
    };
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
