import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was answered under a key; written in the transaction of the count itself. */
export class IdempotencyKeys1764000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_keys (
        owner       text COLLATE "C" NOT NULL,
        key         text COLLATE "C" NOT NULL,
        -- 128 bits of a SHA-256 over the operation, the name and the arguments.
        fingerprint uuid NOT NULL,
        created     boolean NOT NULL DEFAULT false,
        -- Null after a deletion.
        value       bigint,
        version     bigint NOT NULL,
        min         bigint,
        max         bigint,
        created_at  timestamptz(3),
        updated_at  timestamptz(3),
        -- The value before a reset.
        previous    bigint,
        -- Set where the write was refused: {"code", "detail", "requestId"}.
        refusal     jsonb,
        expires_at  timestamptz NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner, key)
      )`);
    // Rows arrive in the order they expire in: a BRIN index finds the expired ones for a few bytes per megabyte.
    await runner.query(
      'CREATE INDEX idempotency_keys_expires_at ON idempotency_keys USING brin (expires_at) WITH (pages_per_range = 32)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_keys');
  }
}
