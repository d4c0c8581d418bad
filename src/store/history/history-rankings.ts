import type pg from 'pg';
import { IS_LIVE } from '../counter-row.js';
import { endOfPrefix } from '../prefix.js';
import { inTransaction } from '../transaction.js';
import { utc } from '../utc.js';

/** Ten million counters are added up in less, and a million ranked by change; nobody waits for what takes longer. */
const STATEMENT_TIMEOUT_MS = 15_000;

/** Above the server's own limit, so that it fires only when the server does not answer at all. */
const QUERY_TIMEOUT_MS = 16_000;

/** Whatever is asked, the other cores are left to those who write. */
const LIMITS = `SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET LOCAL max_parallel_workers_per_gather = 0`;

/** All counters of a prefix together, as one statement saw them. */
export interface Sum {
  readonly count: number;
  readonly sum: bigint;
  /** RFC 3339. */
  readonly asOf: string;
}

export interface RankingQuestion {
  readonly prefix: string;
  readonly by: 'value' | 'change';
  /** The rows that tell of the change, and since when; at the beginning of one of them, ms since 1970. */
  readonly interval: 'minute' | 'hour' | 'day';
  readonly sinceMs: number;
  readonly limit: number;
}

export interface Ranked {
  readonly name: string;
  readonly value: number;
  /** Exact, and so up to 2^54 - 2 either way. */
  readonly change: bigint;
}

export interface Ranking {
  readonly ranked: readonly Ranked[];
  /** RFC 3339. */
  readonly asOf: string;
}

const SUM = `
  SELECT count(*) AS count, coalesce(sum(value), 0) AS sum
  FROM counters WHERE name BETWEEN $1 AND $2 AND ${IS_LIVE}`;

/**
 * $1 prefix, $2 its end, $3 since, $4 limit. The value before the change is that of the last row before it, of the
 * counter's present life; finer rows may be gone already where coarser ones still are. Without any it began at 0.
 */
const rankingOf = ({ by, interval }: RankingQuestion): string => `
  WITH since AS (SELECT to_timestamp($3::float8 / 1000) AS at),
  asked AS (${
    by === 'value'
      ? `SELECT name, value, created_at FROM counters
         WHERE name BETWEEN $1 AND $2 AND ${IS_LIVE} ORDER BY value DESC, name LIMIT $4`
      : `SELECT name, value, created_at FROM counters
         WHERE name IN (
           SELECT h.name FROM history_${interval}s h, since WHERE h.at >= since.at AND h.name BETWEEN $1 AND $2
         ) AND ${IS_LIVE}`
  })
  SELECT c.name, c.value, c.value - coalesce(before.value, 0) AS change
  FROM asked c CROSS JOIN since LEFT JOIN LATERAL (
    SELECT value FROM (
      ${BEFORE[interval]
        .map(
          (period) => `(
            SELECT value, version FROM history_${period}s
            WHERE name = c.name AND created_at = c.created_at AND at < date_trunc('${period}', since.at, 'UTC')
            ORDER BY at DESC LIMIT 1
          )`,
        )
        .join(' UNION ALL ')}
    ) AS known ORDER BY version DESC LIMIT 1
  ) AS before ON true
  ORDER BY ${by} DESC, name LIMIT $4`;

/** An interval and the coarser ones. */
const BEFORE = { minute: ['minute', 'hour', 'day'], hour: ['hour', 'day'], day: ['day'] } as const;

/** pg takes a timeout for one query; its types do not say so. */
function patient(text: string, values: unknown[]): pg.QueryConfig & { readonly query_timeout: number } {
  return { text, values, query_timeout: QUERY_TIMEOUT_MS };
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly change: string;
}

/**
 * Looks at many counters at once. Values are those of the truth itself, read through by name: no index on a value slows
 * down a write. Changes are told by the history.
 */
export class HistoryRankings {
  constructor(private readonly pool: pg.Pool) {}

  /** @throws StoreFailure, also where it took too long */
  async sum(prefix: string): Promise<Sum> {
    return this.patiently(async (client) => {
      const { rows } = await client.query<{ count: string; sum: string }>(patient(SUM, [prefix, endOfPrefix(prefix)]));
      const [row] = rows;
      if (row === undefined) throw new Error('a sum has one row');
      return { count: Number(row.count), sum: BigInt(row.sum) };
    });
  }

  /** @throws StoreFailure, also where it took too long */
  async top(question: RankingQuestion): Promise<Ranking> {
    const { prefix, sinceMs, limit } = question;
    return this.patiently(async (client) => {
      const { rows } = await client.query<Row>(
        patient(rankingOf(question), [prefix, endOfPrefix(prefix), sinceMs, limit]),
      );
      const ranked = rows.map(({ name, value, change }) => ({
        name,
        value: Number(value),
        change: BigInt(change),
      }));
      return { ranked };
    });
  }

  private async patiently<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T & { asOf: string }> {
    return inTransaction(this.pool, async (client) => {
      await client.query(LIMITS);
      const { rows } = await client.query<{ now: string }>(`SELECT ${utc('clock_timestamp()')} AS now`);
      const [clock] = rows;
      if (clock === undefined) throw new Error('a clock has one time');
      return { ...(await work(client)), asOf: clock.now };
    });
  }
}
