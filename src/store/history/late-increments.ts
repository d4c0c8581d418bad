import type pg from 'pg';
import { utc } from '../utc.js';
import { columnsOf, lastRowsBefore, QUARTERS } from './quarters.js';

/** Items in one step, each of which moves all later rows of its counter: far below the statement timeout. */
const CHUNK = 500;

interface LateRow {
  readonly id: string;
  readonly at: string;
}

/**
 * Takes what was counted in a minute that is over into the history: a row in its minute, hour and day, and all that come
 * later are as much higher. To be called where every batch is in the history that the cursor's snapshot sees: then the
 * rows of lower versions are all there, and those of higher ones hold it already.
 *
 * Rows that it makes have the version of the one before them: the counter had none of its own for what was not known yet.
 * So of rows with the same version the later one counts.
 *
 * @param seen the snapshot up to which the history is complete
 * @param beginOfDay of the day that an instant belongs to, both in ms since 1970
 * @returns whether none were left that could be
 */
export async function takeLateIn(
  client: pg.ClientBase,
  seen: string,
  beginOfDay: (ms: number) => number,
): Promise<boolean> {
  // Not while their minutes are yet to be rolled up: the row that is made would take the place of another one there.
  const { rows: late } = await client.query<LateRow>(
    `SELECT id, ${utc('at')} AS at FROM late_increments
     WHERE (pg_visible_in_snapshot(committed_in, $1::pg_snapshot)
            -- Of another cluster, whose backup this is.
            OR committed_in >= pg_snapshot_xmax(pg_current_snapshot()))
       AND at < coalesce((SELECT unrolled_from FROM history_progress), 'infinity')
     ORDER BY id LIMIT $2`,
    [seen, CHUNK],
  );
  if (late.length === 0) return true;
  await client.query(
    `CREATE TEMPORARY TABLE late ON COMMIT DROP AS
     SELECT l.bucket, l.name, l.at, l.by, l.version, l.created_at, given.day,
            date_trunc('hour', l.at, 'UTC') AS hour, floor(extract(minute FROM l.at AT TIME ZONE 'UTC') / 15)::int AS quarter
     FROM unnest($1::bigint[], $2::timestamptz[]) AS given (id, day)
     JOIN late_increments AS l USING (id)
     -- What has ended since has no history any more.
     JOIN counters AS c ON c.bucket = l.bucket AND c.name = l.name AND c.created_at = l.created_at AND NOT c.deleted`,
    [late.map(({ id }) => id), late.map(({ at }) => new Date(beginOfDay(Date.parse(at))).toISOString())],
  );
  for (const statement of [...MAKE_ROWS, ...MOVE_ROWS]) await client.query(statement);
  await client.query('DELETE FROM late_increments WHERE id = ANY($1::bigint[])', [late.map(({ id }) => id)]);
  return late.length < CHUNK;
}

/** What the counter came to before a time, as far as is known; 0 where nothing is. */
const before = (time: string, day: string): string => `
  LEFT JOIN LATERAL (
    SELECT value, version FROM (${lastRowsBefore(time, day)}) AS known ORDER BY version DESC, at DESC LIMIT 1
  ) AS known ON true`;

const KNOWN = 'coalesce(known.value, 0), coalesce(known.version, 0)';

/** All of them before any row is moved: what they begin with is what was known. */
const MAKE_ROWS = [
  `INSERT INTO history_minutes (bucket, name, at, value, version, created_at)
   SELECT c.bucket, c.name, c.at, ${KNOWN}, c.created_at
   FROM (SELECT DISTINCT bucket, name, created_at, at, day FROM late) AS c ${before('c.at', 'c.day')}
   ON CONFLICT ON CONSTRAINT history_minutes_pkey DO NOTHING`,
  ...QUARTERS.map((quarter) => {
    const own = columnsOf(quarter);
    const begin = `c.hour + ${quarter} * interval '15 minutes'`;
    return `
      INSERT INTO history_hours AS h (bucket, name, at, value, version, created_at, ${own.value}, ${own.version})
      SELECT c.bucket, c.name, c.hour, ${KNOWN}, c.created_at, ${KNOWN}
      FROM (SELECT DISTINCT bucket, name, created_at, hour, day FROM late WHERE quarter = ${quarter}) AS c
      ${before(`(${begin})`, 'c.day')}
      ON CONFLICT ON CONSTRAINT history_hours_pkey DO UPDATE SET
        ${own.value} = excluded.${own.value}, ${own.version} = excluded.${own.version}
      WHERE h.created_at = excluded.created_at AND h.${own.version} IS NULL`;
  }),
  `INSERT INTO history_days (bucket, name, at, value, version, created_at)
   SELECT c.bucket, c.name, c.day, ${KNOWN}, c.created_at
   FROM (SELECT DISTINCT bucket, name, created_at, day FROM late) AS c ${before('c.day', 'c.day')}
   ON CONFLICT ON CONSTRAINT history_days_pkey DO NOTHING`,
];

/** How much a column of `h` is to be moved by what it does not hold yet. */
const missing = (version: string, condition: string): string =>
  `coalesce(sum(l.by) FILTER (WHERE h.${version} < l.version AND ${condition}), 0)`;

const sameLife = 'h.bucket = l.bucket AND h.name = l.name AND h.created_at = l.created_at';

const moved = (period: 'minutes' | 'days', begin: string): string => `
  UPDATE history_${period} AS m SET value = m.value + moved.by
  FROM (
    SELECT h.bucket, h.name, h.at, sum(l.by) AS by
    FROM late AS l JOIN history_${period} AS h ON ${sameLife} AND h.at >= ${begin} AND h.version < l.version
    GROUP BY h.bucket, h.name, h.at
  ) AS moved
  WHERE m.bucket = moved.bucket AND m.name = moved.name AND m.at = moved.at`;

const MOVE_ROWS = [
  moved('minutes', 'l.at'),
  `UPDATE history_hours AS m SET value = m.value + moved.by,
     ${QUARTERS.map((quarter) => `${columnsOf(quarter).value} = m.${columnsOf(quarter).value} + moved.q${quarter}`).join(', ')}
   FROM (
     SELECT h.bucket, h.name, h.at, ${missing('version', 'true')} AS by,
            ${QUARTERS.map((quarter) => {
              const hasEnded = `h.at + ${quarter + 1} * interval '15 minutes' > l.at`;
              return `${missing(columnsOf(quarter).version, hasEnded)} AS q${quarter}`;
            }).join(', ')}
     FROM late AS l JOIN history_hours AS h ON ${sameLife} AND h.at >= l.hour
     GROUP BY h.bucket, h.name, h.at
   ) AS moved
   WHERE m.bucket = moved.bucket AND m.name = moved.name AND m.at = moved.at`,
  moved('days', 'l.day'),
];
