import type pg from 'pg';
import { withClient } from './clients.js';
import { isStatementTimeout, StoreFailure } from './failure.js';

/** Who reads the log; each has a row in `batch_cursors`, watches only while there are any. */
export type CursorName = 'history' | 'watches';

/** How much of the log is kept for a reader that does not come; whoever is further behind loses what it did not read. */
export interface KeptForReaders {
  /** Of a batch that was not read, milliseconds. */
  readonly ageMs: number;
  /** Batches in the log, about: as Postgres counted them last. */
  readonly batches: number;
}

/** How far a reader is behind. */
export interface CursorLag {
  readonly cursor: string;
  /** Age of the oldest batch that was not read, milliseconds; 0: all were. */
  readonly behindMs: number;
}

/**
 * Where a reader goes on.
 *
 * - `busy`: another instance is at it.
 * - `gap`: it was left behind, and batches it did not read are gone. The next call goes on with what is there.
 */
export type Next = { readonly kind: 'next'; readonly seen: string } | { readonly kind: 'busy' | 'gap' };

/** Of what is read at most, at least this part: some dozens of batches. */
const SMALLEST_PORTION = 1 / 64;

/** What makes a portion grow again, after a look that was in time. */
const GROWTH = 1.25;

/**
 * How much of the log is read in one go: half as much after a go that took too long, for the same again would take as
 * long, and nobody would ever come further.
 */
export class Portion {
  private part = 1;

  /** @param most a go of so much mostly stays far below the statement timeout */
  constructor(private readonly most: { readonly batches: number; readonly counters: number }) {}

  get batches(): number {
    return Math.ceil(this.most.batches * this.part);
  }

  get counters(): number {
    return Math.ceil(this.most.counters * this.part);
  }

  /** Reads a portion. @throws what `read` throws */
  async go<T>(read: () => Promise<T>): Promise<T> {
    try {
      const result = await read();
      this.part = Math.min(1, this.part * GROWTH);
      return result;
    } catch (error) {
      if (error instanceof StoreFailure && isStatementTimeout(error)) {
        this.part = Math.max(SMALLEST_PORTION, this.part / 2);
      }
      throw error;
    }
  }
}

/** A snapshot that sees no transaction of anybody; the first three numbers are Postgres' own. */
const NOTHING_SEEN = '3:3:';

/**
 * Locks a cursor until the end of the transaction, for a statement that begins with `TAKEN` and moves it by `MOVED`: what
 * a reader makes of batches, and that it has read them, is committed together.
 */
export async function next(client: pg.ClientBase, cursor: CursorName): Promise<Next> {
  const { rows } = await client.query<{ seen: string; has_gap: boolean; foreign: boolean }>(
    `SELECT seen::text, has_gap, pg_snapshot_xmin(seen) > pg_snapshot_xmin(pg_current_snapshot()) AS "foreign"
     FROM batch_cursors WHERE name = $1 FOR UPDATE SKIP LOCKED`,
    [cursor],
  );
  const [row] = rows;
  if (row === undefined) return { kind: 'busy' };
  if (row.has_gap) {
    await client.query('UPDATE batch_cursors SET has_gap = false WHERE name = $1', [cursor]);
    return { kind: 'gap' };
  }
  if (!row.foreign) return { kind: 'next', seen: row.seen };
  // Transactions never count backwards: this is a backup, restored into another cluster. Its numbers mean nothing here,
  // and what its last seconds did to a counter shows in that counter's next change.
  await client.query(
    'UPDATE batches SET committed_in = NULL WHERE committed_in >= pg_snapshot_xmax(pg_current_snapshot())',
  );
  return { kind: 'next', seen: NOTHING_SEEN };
}

/**
 * The next batches, as a relation `taken`: $1 what was seen, $2 batches, $3 counters at most.
 *
 * "Not seen by the last snapshot" are exactly the batches that were committed since, however long their commits took. What
 * one transaction wrote, a row for each bucket, is taken together: the cursor stands between two of them.
 */
export const TAKEN = `
  found AS MATERIALIZED (
    SELECT committed_in, bucket, names, "values", versions, created_ats, updated_ats,
           coalesce(sum(cardinality(names)) OVER (
             ORDER BY committed_in GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS counters_before
    FROM batches
    WHERE committed_in >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(committed_in, $1::pg_snapshot)
    ORDER BY committed_in FETCH FIRST ($2) ROWS WITH TIES
  ),
  taken AS MATERIALIZED (SELECT * FROM found WHERE counters_before < $3)`;

/**
 * Moves the cursor $4 behind what was taken; a relation `present` says whether that was all (`complete`). What was taken
 * ends between two transactions; what is seen then is the snapshot of the statement, cut off there.
 */
export const MOVED = `
  present AS (
    SELECT pg_current_snapshot() AS snapshot,
           (SELECT count(*) FROM found) < $2 AND (SELECT count(*) FROM taken) = (SELECT count(*) FROM found) AS complete,
           (SELECT committed_in::text::bigint + 1 FROM taken ORDER BY committed_in DESC LIMIT 1) AS cut
  ),
  moved AS (
    UPDATE batch_cursors SET seen = CASE WHEN complete THEN snapshot ELSE (
      SELECT least(pg_snapshot_xmin(snapshot)::text::bigint, cut) || ':' || cut || ':'
             || coalesce(string_agg(running::text, ',' ORDER BY running), '')
      FROM pg_snapshot_xip(snapshot) AS running WHERE running::text::bigint < cut
    )::pg_snapshot END
    FROM present WHERE name = $4
  )`;

/** A condition on batches that holds where every reader has read it; rows from before the log was read have no number. */
export const READ_BY_ALL = `(
    committed_in IS NULL
    OR NOT EXISTS (SELECT FROM batch_cursors WHERE NOT pg_visible_in_snapshot(committed_in, seen)))`;

/** Batches that a cursor has not read. */
const UNREAD = `
  FROM batches WHERE committed_in >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(committed_in, seen)`;

/** The rows of committed batches, as a log with readers that come when they can. */
export class BatchLog {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Leaves readers behind that are too far behind, so that what they did not read can go, and the disk is not filled. A
   * reader that is at it right now is not.
   *
   * @returns their names
   */
  async letGo({ ageMs, batches }: KeptForReaders): Promise<string[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ name: string }>(
        `UPDATE batch_cursors SET seen = pg_current_snapshot(), has_gap = true
         WHERE name IN (
           SELECT name FROM batch_cursors
           -- Each batch is a transaction: so many must have come since, or the log is this large for another reason.
           WHERE (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - pg_snapshot_xmax(seen)::text::bigint > $1
                  AND (SELECT reltuples FROM pg_class WHERE oid = 'batches'::regclass) > $1)
             OR EXISTS (SELECT ${UNREAD} AND committed_at < now() - make_interval(secs => $2::float8 / 1000))
           FOR UPDATE SKIP LOCKED)
         RETURNING name`,
        [batches, ageMs],
      ),
    );
    return rows.map(({ name }) => name);
  }

  /** How far each reader is behind. */
  async lags(): Promise<CursorLag[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<CursorLag>(
        `SELECT name AS cursor, coalesce(greatest(0, extract(epoch FROM clock_timestamp() - (
           SELECT committed_at ${UNREAD} ORDER BY committed_in LIMIT 1
         ))), 0)::float8 * 1000 AS "behindMs"
         FROM batch_cursors`,
      ),
    );
    return rows;
  }
}
