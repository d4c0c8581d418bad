import type pg from 'pg';
import { withClient } from './clients.js';

/**
 * Removes up to `limit` rows whose time is over by the database's clock. Rows that somebody holds are skipped, so the table
 * is never held up.
 *
 * @returns how many were removed
 * @throws StoreFailure
 */
export async function removeExpiredRows(
  pool: pg.Pool,
  table: 'idempotency_keys' | 'key_claims',
  limit: number,
): Promise<number> {
  // now(), not clock_timestamp(): only what stays the same during a statement can be looked up in the index.
  const { rowCount } = await withClient(pool, (client) =>
    client.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table}
         WHERE expires_at <= now()
         LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [limit],
    ),
  );
  return rowCount ?? 0;
}
