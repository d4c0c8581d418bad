import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may call. Of keys and sessions only digests are kept, so that whoever reads the tables has neither. */
export class ApiKeys1764000005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_keys (
        id                  text COLLATE "C" PRIMARY KEY,
        label               text NOT NULL,
        scopes              text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0),
        -- Names must begin with it; '' allows every name.
        prefix              text COLLATE "C" NOT NULL,
        -- SHA-256 of the whole key.
        digest              bytea NOT NULL CHECK (octet_length(digest) = 32),
        -- The one before a rotation, good for as long as both are allowed.
        previous_digest     bytea CHECK (octet_length(previous_digest) = 32),
        previous_expires_at timestamptz,
        created_at          timestamptz NOT NULL DEFAULT now(),
        rotated_at          timestamptz,
        expires_at          timestamptz,
        revoked_at          timestamptz,
        last_used_at        timestamptz,
        CHECK ((previous_digest IS NULL) = (previous_expires_at IS NULL))
      )`);
    await runner.query(`
      CREATE TABLE sessions (
        -- SHA-256 of what the browser holds.
        digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
        -- The key it was begun with: an id, and the digest that was presented; it ends with either.
        key_id     text COLLATE "C" NOT NULL,
        key_digest bytea NOT NULL CHECK (octet_length(key_digest) = 32),
        expires_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sessions');
    await runner.query('DROP TABLE api_keys');
  }
}
