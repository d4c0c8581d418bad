import type pg from 'pg';
import { withClient } from '../clients.js';

/** Removes what is no longer kept. */
export class HistoryPruning {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Removes up to `limit` rows that are older than `keptMs` by the database's clock, and were over before the coarser row
   * began that holds that time; no minutes that are not yet in hours and days.
   *
   * @returns how many were removed
   */
  async removeOlderThan(period: 'minutes' | 'hours', keptMs: number, limit: number): Promise<number> {
    const keptFrom = 'now() - make_interval(secs => $1::float8 / 1000)';
    const condition = {
      minutes: `at < date_trunc('hour', ${keptFrom}, 'UTC')
         AND at < coalesce((SELECT unrolled_from FROM history_progress), 'infinity')`,
      // Days are made from minutes, too; no day of any zone is longer.
      hours: `at < ${keptFrom} - interval '25 hours'`,
    }[period];
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `DELETE FROM history_${period} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM history_${period} WHERE ${condition} LIMIT $2))`,
        [keptMs, limit],
      ),
    );
    return rowCount ?? 0;
  }
}
