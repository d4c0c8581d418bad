import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where Sentinel elects the Redis that is named, an instance that knows an older election does not name its own again. */
export class RankOfRedis1766000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cache_guard ADD COLUMN redis_rank bigint NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cache_guard DROP COLUMN redis_rank');
  }
}
