import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row: which Redis may be read, under which epoch, and until when nobody may. */
export class CacheGuard1764000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE cache_guard (
        id          smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        epoch       bigint NOT NULL,
        blind_until timestamptz NOT NULL,
        -- run_id and master_replid of the Redis everybody may read; null before the first was named.
        redis       text,
        -- False until every permission to read the one that was named before has run out.
        settled     boolean NOT NULL DEFAULT true
      ) WITH (fillfactor = 10)`);
    await runner.query(`INSERT INTO cache_guard (epoch, blind_until) VALUES (1, '-infinity')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cache_guard');
  }
}
