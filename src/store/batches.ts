import type pg from 'pg';
import { READ_BY_ALL } from './batch-log.js';
import { withClient } from './clients.js';

/** The rows of committed batches, once they are written. */
export class Batches {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * The names that the latest batches touched, latest first, each once.
   *
   * @param limit how many names at most
   */
  async latestNames(limit: number): Promise<string[]> {
    // The inner limit keeps a hot counter's thousands of batches from being sorted for one name.
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ name: string }>(
        `SELECT name FROM (
         SELECT unnest(names) AS name, committed_at FROM batches ORDER BY committed_at DESC LIMIT $1 * 10
       ) AS touched
       GROUP BY name ORDER BY max(committed_at) DESC LIMIT $1`,
        [limit],
      ),
    );
    return rows.map(({ name }) => name);
  }

  /**
   * Removes up to `limit` batches that were committed more than `ageMs` ago, nobody sends those again, that every
   * reader of the log has read, and that are not among the latest `keep`.
   *
   * @returns how many rows were removed: a batch has one in each bucket that it concerns
   */
  async removeOlderThan(ageMs: number, keep: number, limit: number): Promise<number> {
    // now(), not clock_timestamp(): only what stays the same during a statement can be looked up in the index.
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `DELETE FROM batches WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM batches
         WHERE committed_at < now() - make_interval(secs => $1::float8 / 1000)
           AND committed_at < (SELECT committed_at FROM batches ORDER BY committed_at DESC OFFSET $2 - 1 LIMIT 1)
           AND ${READ_BY_ALL}
         ORDER BY committed_at LIMIT $3 FOR UPDATE SKIP LOCKED))`,
        [ageMs, keep, limit],
      ),
    );
    return rowCount ?? 0;
  }
}
