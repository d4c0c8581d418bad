import type pg from 'pg';
import { IS_LIVE } from '../counter-row.js';
import { withReader } from '../clients.js';
import { CHANGED_QUARTERS, lastRowsBefore } from './quarters.js';

/** The part of a history that is asked for; times are ms since 1970. */
export interface HistoryQuestion {
  /** Each once. */
  readonly names: readonly string[];
  /** When each point begins, in order; at a quarter of an hour, or all of them at minutes. */
  readonly begins: readonly number[];
  /** The end of the last point. */
  readonly toMs: number;
  /** Of which rows the points are made; `days`: of those up to `daysToMs`, and afterwards of quarters. */
  readonly madeOf: 'minutes' | 'quarters' | 'days';
  readonly daysToMs: number;
  /** Rows of days that begin before it are over when the first point begins. */
  readonly daysBeforeMs: number;
}

/** A value after the last change of an interval. */
export interface KnownValue {
  /** Which point it is; null: the last one before all of them. */
  readonly place: number | null;
  readonly value: number;
  readonly version: number;
}

/** Since when something is known, ms since 1970. */
export interface KnownSince {
  /** The oldest hour there is, and the oldest day since a time; null: there is none. */
  readonly hoursMs: number | null;
  readonly daysMs: number | null;
  /** When the oldest of some counters came into being; null: none of them is there. */
  readonly createdMs: number | null;
}

const msOf = (time: string): string => `extract(epoch FROM ${time})::float8 * 1000`;
const timeOf = (ms: string): string => `to_timestamp(${ms}::float8 / 1000)`;

/**
 * $1 names, $2 when the points begin, $3 when the last ends, $4 of which rows they are made, $5 up to when of days, $6
 * which days are over. What is not yet in hours is in minutes, and what is in no history yet is in the counter itself: all
 * of them are looked at, and of each point the highest version counts. Of what was before, the last row of each kind is.
 */
const KNOWN = `
  WITH asked AS MATERIALIZED (
    SELECT begins, begins[1] AS "from", ${timeOf('$3')} AS "to", $4::text AS made_of, ${timeOf('$5')} AS days_to,
           ${timeOf('$6')} AS days_before
    FROM (SELECT array_agg(${timeOf('ms')} ORDER BY ms) AS begins FROM unnest($2::float8[]) AS ms) AS given
  )
  SELECT c.name, nullif(latest.place, 0) - 1 AS place, latest.value, latest.version
  FROM counters AS c CROSS JOIN asked LEFT JOIN LATERAL (
    SELECT DISTINCT ON (place) place, value, version
    FROM (
      SELECT width_bucket(at, asked.begins) AS place, at, value, version
      FROM (
        SELECT c.updated_at AS at, c.value, c.version
        UNION ALL
        SELECT at, value, version FROM history_minutes
        WHERE bucket = c.bucket AND name = c.name AND created_at = c.created_at AND at >= asked.from AND at < asked.to
        UNION ALL
        SELECT quarter.at, quarter.value, quarter.version
        FROM history_hours AS h CROSS JOIN LATERAL ${CHANGED_QUARTERS} AS quarter
        WHERE h.bucket = c.bucket AND h.name = c.name AND h.created_at = c.created_at AND asked.made_of <> 'minutes'
          AND h.at > asked.from - interval '1 hour' AND h.at < asked.to AND quarter.at >= asked.from
        UNION ALL
        SELECT at, value, version FROM history_days
        WHERE bucket = c.bucket AND name = c.name AND created_at = c.created_at AND asked.made_of = 'days'
          AND at >= asked.from AND at < asked.days_to
        UNION ALL ${lastRowsBefore('asked.from', 'asked.days_before')}
      ) AS row
      WHERE at < asked.to
    ) AS point
    -- What was counted in a minute that was over has the version of the row before it.
    ORDER BY place, version DESC, at DESC
  ) AS latest ON true
  WHERE c.name = ANY($1::text[]) AND ${IS_LIVE}
  ORDER BY c.name, latest.place`;

interface KnownRow {
  readonly name: string;
  readonly place: number | null;
  /** Null in the one row of a counter that has nothing to tell of the range. */
  readonly value: string | null;
  readonly version: string;
}

/** Reads the history; not a snapshot of many counters, and not covered by the promise of single reads. */
export class HistoryReader {
  constructor(private readonly pool: pg.Pool) {}

  /** What is known of each counter, in order of time; those that are not there are left out. */
  async known(question: HistoryQuestion): Promise<Map<string, KnownValue[]>> {
    const { names, begins, toMs, madeOf, daysToMs, daysBeforeMs } = question;
    const { rows } = await withReader(this.pool, (client) =>
      client.query<KnownRow>(KNOWN, [names, begins, toMs, madeOf, daysToMs, daysBeforeMs]),
    );
    const found = new Map<string, KnownValue[]>();
    for (const { name, place, value, version } of rows) {
      const known = found.get(name) ?? [];
      if (value !== null) known.push({ place, value: Number(value), version: Number(version) });
      found.set(name, known);
    }
    return found;
  }

  /** Since when hours are there, and days since a time (ms since 1970), and how old the oldest of these counters is. */
  async knownSince(names: readonly string[], daysFromMs: number): Promise<KnownSince> {
    const { rows } = await withReader(this.pool, (client) =>
      client.query<KnownSince>(
        `SELECT (SELECT ${msOf('min(at)')} FROM history_hours) AS "hoursMs",
                (SELECT ${msOf('min(at)')} FROM history_days WHERE at >= ${timeOf('$2')}) AS "daysMs",
                (SELECT ${msOf('min(created_at)')} FROM counters WHERE name = ANY($1::text[]) AND ${IS_LIVE})
                  AS "createdMs"`,
        [names, daysFromMs],
      ),
    );
    const [row] = rows;
    if (row === undefined) throw new Error('what is known since when has one row');
    return row;
  }
}
