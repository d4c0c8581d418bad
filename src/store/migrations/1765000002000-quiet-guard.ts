import type { MigrationInterface, QueryRunner } from 'typeorm';
import { QUIET_NOW } from '../guard-row.js';

/**
 * Blind periods are counted, and whoever waited until one was over says so for all: no clock of the database decides any
 * more when entries are served. The version before goes on by `blind_until`, which is still written.
 */
export class QuietGuard1765000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE cache_guard
        -- Registrations and renewals so far.
        ADD COLUMN blind_periods bigint NOT NULL DEFAULT 0,
        -- The database and the period that some instance saw for so long that nobody can be blind by it.
        ADD COLUMN quiet text`);
    // Where no service has run yet, nobody is blind. As this version writes it: a later one that does not know it waits.
    await runner.query(`UPDATE cache_guard SET quiet = ${QUIET_NOW} WHERE redis IS NULL AND blind_until = '-infinity'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cache_guard DROP COLUMN blind_periods, DROP COLUMN quiet');
  }
}
