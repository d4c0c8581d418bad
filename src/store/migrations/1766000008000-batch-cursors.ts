import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How far each reader of the batch log came. The history is the first: its cursor begins where it was. Instances of the
 * release before go on moving history_progress.derived beside it, and may derive the same batches once more, which
 * changes nothing.
 */
export class BatchCursors1766000008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE batch_cursors (
        name    text PRIMARY KEY,
        -- The batches that this snapshot sees were read.
        seen    pg_snapshot NOT NULL,
        -- The log has let go of batches that were not read, and the reader has not been told yet.
        has_gap boolean NOT NULL DEFAULT false
      )`);
    await runner.query(`INSERT INTO batch_cursors (name, seen) SELECT 'history', derived FROM history_progress`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `UPDATE history_progress SET derived = seen FROM batch_cursors WHERE batch_cursors.name = 'history'`,
    );
    await runner.query('DROP TABLE batch_cursors');
  }
}
