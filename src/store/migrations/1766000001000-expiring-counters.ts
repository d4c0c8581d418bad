import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a counter ends by itself. The version before leaves the columns alone: what it writes ends as it would have, and
 * what it deletes is deleted, whatever stands there.
 */
export class ExpiringCounters1766000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE counters ADD COLUMN expires_at timestamptz(3)');
    await runner.query('ALTER TABLE batches ADD COLUMN expires_ats timestamptz(3)[]');
    // Of the counter that was answered with: the key has an expiry of its own.
    await runner.query('ALTER TABLE idempotency_keys ADD COLUMN counter_expires_at timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE idempotency_keys DROP COLUMN counter_expires_at');
    await runner.query('ALTER TABLE batches DROP COLUMN expires_ats');
    await runner.query('ALTER TABLE counters DROP COLUMN expires_at');
  }
}
