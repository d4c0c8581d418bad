import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The names in an order that looks like none, by which SCAN walks through them: a place in it is a number, the same for
 * every instance. An increment changes nothing that the index is made of, so its update stays HOT.
 */
export class Walk1766000004000 implements MigrationInterface {
  /** CONCURRENTLY, so that nobody who writes waits for it: that takes no transaction. */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // It waits for transactions that began before it, and holds up nobody meanwhile.
    await runner.query('SET lock_timeout = 0');
    try {
      // A build that was cut off has left an index that nobody may read and everybody keeps up.
      await runner.query('DROP INDEX CONCURRENTLY IF EXISTS counters_walk');
      await runner.query(
        `CREATE INDEX CONCURRENTLY counters_walk ON counters ((hashtextextended(name, 0) & 4503599627370495))
         WHERE NOT deleted`,
      );
    } finally {
      await runner.query('RESET lock_timeout');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY counters_walk');
  }
}
