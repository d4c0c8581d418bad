import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The names that hold a counter, without those of deleted ones: however many of these there are, a list walks past none
 * of them. An increment changes nothing that the index is made of, so its update stays HOT.
 */
export class LiveCounters1765000001000 implements MigrationInterface {
  /** CONCURRENTLY, so that nobody who writes waits for it: that takes no transaction. */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // It waits for transactions that began before it, and holds up nobody meanwhile.
    await runner.query('SET lock_timeout = 0');
    try {
      // A build that was cut off has left an index that nobody may read and everybody keeps up.
      await runner.query('DROP INDEX CONCURRENTLY IF EXISTS counters_live');
      await runner.query('CREATE INDEX CONCURRENTLY counters_live ON counters (name) WHERE NOT deleted');
    } finally {
      await runner.query('RESET lock_timeout');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY counters_live');
  }
}
