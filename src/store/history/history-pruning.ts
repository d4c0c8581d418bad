import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Removes what is no longer kept. */
@Injectable()
export class HistoryPruning {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Removes up to `limit` rows that are older than `keptMs` by the database's clock, down to the beginning of a coarser
   * row; no minutes that are not yet in hours and days.
   *
   * @returns how many were removed
   */
  async removeOlderThan(period: 'minutes' | 'hours', keptMs: number, limit: number): Promise<number> {
    const [coarser, rolledUp] = {
      minutes: ['hour', `AND at < coalesce((SELECT unrolled_from FROM history_progress), 'infinity')`],
      // Days are made from minutes, too.
      hours: ['day', ''],
    }[period];
    const [, removed] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM history_${period} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM history_${period}
         WHERE at < date_trunc('${coarser}', now() - make_interval(secs => $1::float8 / 1000), 'UTC') ${rolledUp}
         LIMIT $2))`,
      [keptMs, limit],
    );
    return removed;
  }
}
