import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links that show a counter, or those of a prefix, to whoever has them. */
export class Links1766000011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE links (
        id         text COLLATE "C" PRIMARY KEY,
        -- For people.
        label      text NOT NULL,
        -- What it shows: one of the two.
        name       text COLLATE "C",
        prefix     text COLLATE "C",
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        CHECK (num_nonnulls(name, prefix) = 1)
      )`);
    await runner.query(`
      CREATE TABLE link_secret (
        only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        -- By which links are signed; with another one all that were made before end.
        secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
        rotated_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE link_secret');
    await runner.query('DROP TABLE links');
  }
}
