import type pg from 'pg';
import { IS_LIVE } from '../counter-row.js';
import { patient, patiently } from '../slow-statements.js';
import { endOfPrefix } from '../prefix.js';
import { CHANGED_QUARTERS, lastRowsBefore } from './quarters.js';

/** All counters of a prefix together, as one statement saw them. */
export interface Sum {
  readonly count: number;
  readonly sum: bigint;
  /** What those that are there gained in a period; null where none was asked for. */
  readonly change: bigint | null;
  /** RFC 3339. */
  readonly asOf: string;
}

/** A period in which counters changed; times are ms since 1970. */
export interface ChangeQuestion {
  /** The rows that tell which counters changed. */
  readonly rows: 'minutes' | 'hours' | 'days';
  /** At the beginning of a quarter of an hour, or of a minute where they are of minutes. */
  readonly fromMs: number;
  /** The moment after its end; null: now. */
  readonly toMs: number | null;
  /** When the days begin that these lie in. */
  readonly fromDayMs: number;
  readonly toDayMs: number | null;
}

export interface RankingQuestion extends ChangeQuestion {
  readonly prefix: string;
  readonly by: 'value' | 'change';
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

/** $3 begin and $4 end of the period, $5 and $6 of the days in which these lie; no end: infinity. */
const PERIOD = `
  SELECT to_timestamp($3::float8 / 1000) AS "from", to_timestamp($4::float8 / 1000) AS "to",
         to_timestamp($5::float8 / 1000) AS from_day, to_timestamp($6::float8 / 1000) AS to_day`;

const valuesOf = (prefix: string, { fromMs, toMs, fromDayMs, toDayMs }: ChangeQuestion): unknown[] => [
  prefix,
  endOfPrefix(prefix),
  fromMs,
  toMs ?? Infinity,
  fromDayMs,
  toDayMs ?? Infinity,
];

/** Which counters changed in the period; what is not in hours yet is in minutes. */
const CHANGED: Readonly<Record<ChangeQuestion['rows'], string>> = {
  minutes: minutesFrom('period.from'),
  hours: `
    SELECT h.bucket, h.name FROM history_hours AS h, period
    WHERE h.at > period.from - interval '1 hour' AND h.at < period.to AND h.name BETWEEN $1 AND $2
      AND EXISTS (SELECT FROM ${CHANGED_QUARTERS} AS quarter WHERE at >= period.from AND at < period.to)
    UNION ${unrolled()}`,
  days: `
    SELECT d.bucket, d.name FROM history_days AS d, period
    WHERE d.at >= period.from AND d.at < period.to AND d.name BETWEEN $1 AND $2
    UNION ${unrolled()}`,
};

function minutesFrom(time: string): string {
  return `
    SELECT m.bucket, m.name FROM history_minutes AS m, period
    WHERE m.at >= ${time} AND m.at < period.to AND m.name BETWEEN $1 AND $2`;
}

function unrolled(): string {
  return minutesFrom(`greatest(period.from, coalesce((SELECT unrolled_from FROM history_progress), 'infinity'))`);
}

/** The value of the counter `c` before a time, of its present life; without any row it was 0. */
const valueBefore = (time: string, day: string): string =>
  `coalesce((SELECT value FROM (${lastRowsBefore(time, day)}) AS known ORDER BY version DESC, at DESC LIMIT 1), 0)`;

/** What the counter `c` gained in the period. */
const changeOf = ({ toMs }: ChangeQuestion): string =>
  `${toMs === null ? 'c.value' : valueBefore('period.to', 'period.to_day')} -
   ${valueBefore('period.from', 'period.from_day')}`;

const sumOfChanges = (question: ChangeQuestion): string => `
  WITH period AS (${PERIOD})
  SELECT coalesce(sum(${changeOf(question)}), 0) AS change
  FROM counters AS c, period
  WHERE (c.bucket, c.name) IN (${CHANGED[question.rows]}) AND ${IS_LIVE}`;

/** Beside what the period takes: $7 limit. */
const rankingOf = (question: RankingQuestion): string => `
  WITH period AS (${PERIOD}),
  asked AS (${
    question.by === 'value'
      ? `SELECT bucket, name, value, created_at FROM counters
         WHERE name BETWEEN $1 AND $2 AND ${IS_LIVE} ORDER BY value DESC, name LIMIT $7`
      : `SELECT bucket, name, value, created_at FROM counters
         WHERE (bucket, name) IN (${CHANGED[question.rows]}) AND ${IS_LIVE}`
  })
  SELECT c.name, c.value, ${changeOf(question)} AS change
  FROM asked AS c, period
  ORDER BY ${question.by} DESC, name LIMIT $7`;

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

  /**
   * @param period in which their change is asked for; null: it is not
   * @throws StoreFailure, also where it took too long
   */
  async sum(prefix: string, period: ChangeQuestion | null): Promise<Sum> {
    return patiently(this.pool, async (client) => {
      const { rows } = await client.query<{ count: string; sum: string }>(patient(SUM, [prefix, endOfPrefix(prefix)]));
      const [row] = rows;
      if (row === undefined) throw new Error('a sum has one row');
      const change = period === null ? null : await changeIn(client, prefix, period);
      return { count: Number(row.count), sum: BigInt(row.sum), change };
    });
  }

  /** @throws StoreFailure, also where it took too long */
  async top(question: RankingQuestion): Promise<Ranking> {
    const { prefix, limit } = question;
    return patiently(this.pool, async (client) => {
      const { rows } = await client.query<Row>(patient(rankingOf(question), [...valuesOf(prefix, question), limit]));
      const ranked = rows.map(({ name, value, change }) => ({
        name,
        value: Number(value),
        change: BigInt(change),
      }));
      return { ranked };
    });
  }
}

async function changeIn(client: pg.ClientBase, prefix: string, period: ChangeQuestion): Promise<bigint> {
  const { rows } = await client.query<{ change: string }>(patient(sumOfChanges(period), valuesOf(prefix, period)));
  const [row] = rows;
  if (row === undefined) throw new Error('a sum has one row');
  return BigInt(row.change);
}
