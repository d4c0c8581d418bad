import type pg from 'pg';
import { inTransaction } from '../transaction.js';
import { utc } from '../utc.js';
import { columnsOf, type Quarter, quarterOf, QUARTERS } from './quarters.js';

/** Rows in one statement: a hundred milliseconds or two, far below the statement timeout. */
const CHUNK = 10_000;

/** What one step came to. */
export interface RolledMinute {
  /** Rows of minutes that were taken into hours and days. */
  readonly rows: number;
  /** Whether no whole minute is left. */
  readonly complete: boolean;
}

/** Makes hours and days from minutes by the same rule: the highest version stays, in whichever order they come. */
export class HistoryRollUp {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Takes the first minute that is over and not yet in hours and days into them.
   *
   * @param beginOfDay of the day that an instant belongs to, both in ms since 1970
   * @returns null where another instance is at the history
   */
  async rollUpMinute(beginOfDay: (ms: number) => number): Promise<RolledMinute | null> {
    return inTransaction(this.pool, async (client) => {
      // Lost with a crash, it is done again: nobody has to wait for the disk.
      await client.query('SET LOCAL synchronous_commit = off');
      // Held to the end: whatever is derived meanwhile could otherwise be passed over.
      const { rows } = await client.query<{ from: string | null }>(
        `SELECT ${utc('unrolled_from')} AS "from" FROM history_progress FOR UPDATE SKIP LOCKED`,
      );
      const [progress] = rows;
      if (progress === undefined) return null;
      if (progress.from === null) return { rows: 0, complete: true };
      const minute = await firstMinute(client, progress.from);
      // The present minute goes on.
      await client.query(
        `UPDATE history_progress SET unrolled_from = least(date_trunc('minute', now()),
           coalesce($1::timestamptz + interval '1 minute', date_trunc('minute', now())))`,
        [minute],
      );
      if (minute === null) return { rows: 0, complete: true };
      const minuteMs = Date.parse(minute);
      const day = new Date(beginOfDay(minuteMs)).toISOString();
      return { rows: await rollUp(client, minute, intoHours(quarterOf(minuteMs)), day), complete: false };
    });
  }
}

async function firstMinute(client: pg.ClientBase, from: string): Promise<string | null> {
  const { rows } = await client.query<{ at: string | null }>(
    `SELECT ${utc('min(at)')} AS at FROM history_minutes WHERE at >= $1 AND at < date_trunc('minute', now())`,
    [from],
  );
  return rows[0]?.at ?? null;
}

async function rollUp(client: pg.ClientBase, minute: string, hours: string, day: string): Promise<number> {
  let [rows, after] = [0, ''];
  for (;;) {
    const { rows: chunk } = await client.query<{ name: string }>(
      'SELECT name FROM history_minutes WHERE at = $1 AND name > $2 ORDER BY name LIMIT $3',
      [minute, after, CHUNK],
    );
    const last = chunk.at(-1)?.name;
    if (last === undefined) return rows;
    await client.query(hours, [minute, after, last]);
    await client.query(INTO_DAYS, [minute, after, last, day]);
    rows += chunk.length;
    if (chunk.length < CHUNK) return rows;
    after = last;
  }
}

/** $1 the minute, $2 after which name, $3 up to which, $4 the day. */
const INTO_DAYS = `
  INSERT INTO history_days AS h (bucket, name, at, value, version, created_at)
  SELECT bucket, name, $4::timestamptz, value, version, created_at
  FROM history_minutes WHERE at = $1 AND name > $2 AND name <= $3
  ON CONFLICT ON CONSTRAINT history_days_pkey DO UPDATE SET
    value = excluded.value, version = excluded.version, created_at = excluded.created_at
  WHERE h.version < excluded.version`;

/**
 * $1 the minute, $2 after which name, $3 up to which. Each quarter has the highest version of its own; those of an earlier
 * counter of that name go.
 *
 * @param quarter that the minute lies in
 */
function intoHours(quarter: Quarter): string {
  const own = columnsOf(quarter);
  const others = QUARTERS.filter((other) => other !== quarter).flatMap((other) => Object.values(columnsOf(other)));
  const sameLife = 'h.created_at = excluded.created_at';
  return `
    INSERT INTO history_hours AS h (bucket, name, at, value, version, created_at, ${own.value}, ${own.version})
    SELECT bucket, name, date_trunc('hour', at, 'UTC'), value, version, created_at, value, version
    FROM history_minutes WHERE at = $1 AND name > $2 AND name <= $3
    ON CONFLICT ON CONSTRAINT history_hours_pkey DO UPDATE SET
      value = CASE WHEN h.version < excluded.version THEN excluded.value ELSE h.value END,
      version = greatest(h.version, excluded.version),
      created_at = excluded.created_at,
      ${own.value} = excluded.value,
      ${own.version} = excluded.version,
      ${others.map((column) => `${column} = CASE WHEN ${sameLife} THEN h.${column} END`).join(', ')}
    WHERE CASE WHEN ${sameLife} THEN coalesce(h.${own.version}, 0) < excluded.version ELSE h.version < excluded.version END`;
}
