import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each hour carries its four quarters, so that the days of every zone can be told, whose midnights lie at half past five
 * or a quarter past six. An hour from before, and of a release that knows no quarters, has none.
 */
export class QuartersOfHours1766000005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE history_hours
        -- Of the counter, after its last change in each quarter; null where there was none.
        ${QUARTERS.map((n) => `ADD COLUMN q${n}_value bigint, ADD COLUMN q${n}_version bigint`).join(', ')}`);
    // Those of the last day are made of its minutes once more.
    await runner.query(
      'UPDATE history_progress SET unrolled_from = least(unrolled_from, (SELECT min(at) FROM history_minutes))',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE history_hours ${QUARTERS.map((n) => `DROP COLUMN q${n}_value, DROP COLUMN q${n}_version`).join(', ')}`,
    );
  }
}

const QUARTERS = [0, 1, 2, 3];
