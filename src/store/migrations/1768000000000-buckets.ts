import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of which each row is about one counter, or about counters of one bucket; and what their keys are beside it. */
const DIVIDED = {
  counters: 'name',
  batches: 'id',
  idempotency_keys: 'owner, key',
  history_minutes: 'name, at',
  history_hours: 'name, at',
  history_days: 'name, at',
};

/** What sessions say of the number of buckets that is wanted; `migrate` sets it. */
export const WANTED_BUCKETS = 'evercount.buckets';

/**
 * How the truth is divided. A database that has counted keeps one bucket, and its keys as they are: the version before
 * may still run, and goes on. In one that is new the bucket leads every key where there are several.
 */
export class Buckets1768000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of [...Object.keys(DIVIDED), 'late_increments']) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN bucket smallint NOT NULL DEFAULT 0`);
    }
    await runner.query(`
      CREATE TABLE division (
        one     boolean PRIMARY KEY DEFAULT true CHECK (one),
        -- For ever: in which of them a row stands, its name decides.
        buckets smallint NOT NULL CHECK (buckets > 0)
      )`);
    // Nobody writes any more by now: the tables are locked.
    const [{ buckets } = { buckets: 1 }] = (await runner.query(`
      INSERT INTO division (buckets)
      SELECT CASE WHEN EXISTS (SELECT FROM counters) OR EXISTS (SELECT FROM batches) OR EXISTS (SELECT FROM idempotency_keys)
                  THEN 1 ELSE coalesce(nullif(current_setting('${WANTED_BUCKETS}', true), ''), '1')::smallint END
      RETURNING buckets`)) as { buckets: number }[];
    if (buckets > 1) {
      for (const [table, key] of Object.entries(DIVIDED)) {
        await runner.query(`
          ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey, ADD CONSTRAINT ${table}_pkey PRIMARY KEY (bucket, ${key})`);
      }
    }
    // Which request a key stands for, whichever bucket its counter is in; empty where there is one bucket.
    await runner.query(`
      CREATE TABLE key_claims (
        -- Of the key, not of the counter.
        bucket      smallint NOT NULL,
        owner       text COLLATE "C" NOT NULL,
        key         text COLLATE "C" NOT NULL,
        fingerprint uuid NOT NULL,
        -- What was answered is kept for an hour longer.
        expires_at  timestamptz(3) NOT NULL,
        CONSTRAINT key_claims_pkey PRIMARY KEY (bucket, owner, key)
      )`);
    await runner.query(
      'CREATE INDEX key_claims_expires_at ON key_claims USING brin (expires_at) WITH (pages_per_range = 32)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const [{ buckets } = { buckets: 1 }] = (await runner.query('SELECT buckets FROM division')) as {
      buckets: number;
    }[];
    await runner.query('DROP TABLE key_claims, division');
    for (const [table, key] of Object.entries(DIVIDED)) {
      if (buckets > 1) {
        await runner.query(`
          ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey, ADD CONSTRAINT ${table}_pkey PRIMARY KEY (${key})`);
      }
      await runner.query(`ALTER TABLE ${table} DROP COLUMN bucket`);
    }
    await runner.query('ALTER TABLE late_increments DROP COLUMN bucket');
  }
}
