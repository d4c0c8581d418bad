import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Removes what is no longer kept. */
@Injectable()
export class HistoryPruning {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Removes up to `limit` rows from before an instant (ms since 1970); no minutes that are not yet in hours and days.
   *
   * @returns how many were removed
   */
  async removeBefore(period: 'minutes' | 'hours', beforeMs: number, limit: number): Promise<number> {
    const rolledUp =
      period === 'minutes'
        ? `AND at < coalesce((SELECT unrolled_from FROM history_progress), 'infinity')`
        : // Days are made from minutes, too.
          '';
    const [, removed] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM history_${period} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM history_${period} WHERE at < to_timestamp($1::float8 / 1000) ${rolledUp} LIMIT $2))`,
      [beforeMs, limit],
    );
    return removed;
  }
}
