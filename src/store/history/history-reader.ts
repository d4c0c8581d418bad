import type pg from 'pg';
import { withClient } from '../failure.js';
import { IS_LIVE } from '../counter-row.js';

/** The part of a history that is asked for; both ends at the beginning of an interval, ms since 1970. */
export interface HistoryQuestion {
  readonly name: string;
  readonly interval: 'minute' | 'hour' | 'day';
  readonly fromMs: number;
  readonly toMs: number;
}

/** A value after the last change of an interval; `atMs` null: the last one before the range. */
export interface KnownValue {
  readonly atMs: number | null;
  readonly value: number;
  readonly version: number;
}

/**
 * $1 name, $2 from, $3 to, $4 interval. What is not yet in hours is in minutes, and what is in no history yet is in the
 * counter itself: all of them are looked at, and of each interval the highest version counts. A coarser row is known
 * to lie before the range only where all of its period does.
 */
const KNOWN = `
  WITH asked AS (SELECT to_timestamp($2::float8 / 1000) AS "from", to_timestamp($3::float8 / 1000) AS "to")
  SELECT extract(epoch FROM begin)::float8 * 1000 AS "atMs", latest.value, latest.version
  FROM counters c CROSS JOIN asked LEFT JOIN LATERAL (
    SELECT DISTINCT ON (begin) begin, value, version
    FROM (
      SELECT CASE WHEN at >= "from" THEN date_trunc($4, at, 'UTC') END AS begin, value, version
      FROM (
        SELECT c.updated_at AS at, c.value, c.version
        UNION ALL
        SELECT at, value, version FROM history_minutes WHERE name = c.name AND created_at = c.created_at
        UNION ALL
        SELECT at, value, version FROM history_hours WHERE name = c.name AND created_at = c.created_at
          AND ($4 <> 'minute' OR at < date_trunc('hour', "from", 'UTC'))
        UNION ALL
        SELECT at, value, version FROM history_days WHERE name = c.name AND created_at = c.created_at
          AND ($4 = 'day' OR at < date_trunc('day', "from", 'UTC'))
      ) AS row
      WHERE at < "to"
    ) AS point
    ORDER BY begin, version DESC
  ) AS latest ON true
  WHERE c.name = $1 AND ${IS_LIVE}
  ORDER BY begin NULLS FIRST`;

interface KnownRow {
  readonly atMs: number | null;
  /** Null in the one row of a counter that has nothing to tell of the range. */
  readonly value: string | null;
  readonly version: string;
}

/** Reads the history; not a snapshot of many counters, and not covered by the promise of single reads. */
export class HistoryReader {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * What is known of a counter, in order of time; null where there is no counter.
   *
   * @throws StoreFailure
   */
  async known({ name, interval, fromMs, toMs }: HistoryQuestion): Promise<KnownValue[] | null> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<KnownRow>(KNOWN, [name, fromMs, toMs, interval]),
    );
    if (rows.length === 0) return null;
    return rows.flatMap(({ atMs, value, version }) =>
      value === null ? [] : [{ atMs, value: Number(value), version: Number(version) }],
    );
  }
}
