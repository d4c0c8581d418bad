import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row for each committed batch: sending the same batch again finds it and is answered from what it stores. */
export class Batches1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE batches (
        id           uuid PRIMARY KEY,
        committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        -- What each counter was after the batch; parallel arrays, since a batch touches hundreds of counters.
        names        text[] NOT NULL,
        "values"     bigint[],
        versions     bigint[],
        mins         bigint[],
        maxes        bigint[],
        created_ats  timestamptz(3)[],
        updated_ats  timestamptz(3)[],
        -- What was answered, for batches that were decided one by one.
        verdicts     jsonb
      )`);
    await runner.query('CREATE INDEX batches_committed_at ON batches (committed_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE batches');
  }
}
