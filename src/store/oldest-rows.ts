import type pg from 'pg';
import { withClient } from './clients.js';

/**
 * Removes up to `limit` of the oldest rows of a log, as far as they are older than `days` by the database's clock or beyond
 * the latest `keep`. Those that another instance is just removing are passed over.
 *
 * @returns how many were removed
 * @throws StoreFailure
 */
export async function removeOldest(
  pool: pg.Pool,
  log: 'audit' | 'happenings',
  { days, keep, limit }: { readonly days: number; readonly keep: number; readonly limit: number },
): Promise<number> {
  const { rowCount } = await withClient(pool, (client) =>
    client.query(
      `DELETE FROM ${log} WHERE id = ANY (ARRAY(
         SELECT id FROM (SELECT id, at FROM ${log} ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED) AS oldest
         WHERE at < now() - make_interval(days => $1) OR id <= (SELECT max(id) FROM ${log}) - $2::bigint))`,
      [days, keep, limit],
    ),
  );
  return rowCount ?? 0;
}
