import type { MigrationInterface, QueryRunner } from 'typeorm';
import { DATABASE } from '../guard-state.js';

/**
 * What can fail and move by itself, where the cache is a Redis Cluster: each unit of slots has an epoch, blind periods and
 * a place of its own. The row of cache_guard stays what it was, for a single Redis and for releases before: a cluster is
 * named there too, and nobody serves entries of a unit unless it is.
 */
export class UnitsOfTheCache1767000030000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cache_guard ADD COLUMN unit_changes bigint NOT NULL DEFAULT 0');
    await runner.query(`
      CREATE TABLE cache_units (
        -- slot >> 6
        unit          smallint PRIMARY KEY CHECK (unit BETWEEN 0 AND 255),
        epoch         bigint NOT NULL DEFAULT 1,
        -- run_id and master_replid of who has its slots; null before the first was named.
        redis         text,
        redis_rank    bigint NOT NULL DEFAULT 0,
        settled       boolean NOT NULL DEFAULT true,
        blind_periods bigint NOT NULL DEFAULT 0,
        -- The database and the period that some instance saw for so long that nobody can be blind by it.
        quiet         text,
        -- cache_guard.unit_changes when this row was changed last.
        change        bigint NOT NULL DEFAULT 0
      ) WITH (fillfactor = 20)`);
    // No release before this one is blind by a unit.
    await runner.query(
      `INSERT INTO cache_units (unit, quiet) SELECT unit, concat_ws('/', ${DATABASE}, 0) FROM generate_series(0, 255) AS unit`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cache_units');
    await runner.query('ALTER TABLE cache_guard DROP COLUMN unit_changes');
  }
}
