import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The counters that end by themselves, in the order in which they do. Those without an expiry are not in it, and an
 * increment that leaves the expiry as it is changes nothing that the index is made of: its update stays HOT.
 */
export class Expiries1766000001100 implements MigrationInterface {
  /** CONCURRENTLY, so that nobody who writes waits for it: that takes no transaction. */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // It waits for transactions that began before it, and holds up nobody meanwhile.
    await runner.query('SET lock_timeout = 0');
    try {
      // A build that was cut off has left an index that nobody may read and everybody keeps up.
      await runner.query('DROP INDEX CONCURRENTLY IF EXISTS counters_expires_at');
      await runner.query(
        'CREATE INDEX CONCURRENTLY counters_expires_at ON counters (expires_at) WHERE expires_at IS NOT NULL',
      );
    } finally {
      await runner.query('RESET lock_timeout');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY counters_expires_at');
  }
}
