import type pg from 'pg';
import { withClient } from '../failure.js';

/** Removes what is no longer kept. */
export class HistoryPruning {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Removes up to `limit` rows that are older than `keptMs` by the database's clock, down to the beginning of a coarser
   * row; no minutes that are not yet in hours and days.
   *
   * @returns how many were removed
   * @throws StoreFailure
   */
  async removeOlderThan(period: 'minutes' | 'hours', keptMs: number, limit: number): Promise<number> {
    const [coarser, rolledUp] = {
      minutes: ['hour', `AND at < coalesce((SELECT unrolled_from FROM history_progress), 'infinity')`],
      // Days are made from minutes, too.
      hours: ['day', ''],
    }[period];
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `DELETE FROM history_${period} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM history_${period}
         WHERE at < date_trunc('${coarser}', now() - make_interval(secs => $1::float8 / 1000), 'UTC') ${rolledUp}
         LIMIT $2))`,
        [keptMs, limit],
      ),
    );
    return rowCount ?? 0;
  }
}
