import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each sign-in ends what its key has too many of, and what has expired: both are found without reading all sessions. */
export class SessionsOfKeys1765000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX sessions_key_id ON sessions (key_id, expires_at)');
    await runner.query('CREATE INDEX sessions_expires_at ON sessions (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX sessions_expires_at');
    await runner.query('DROP INDEX sessions_key_id');
  }
}
