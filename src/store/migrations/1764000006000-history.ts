import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each counter was at the end of each minute, hour and day in which it changed; made from the rows of batches. */
export class History1764000006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Which transaction wrote a batch tells exactly which batches a snapshot saw; times cannot, for commits come late.
    // Rows from before stay without one: nobody waits for them.
    await runner.query('ALTER TABLE batches ADD COLUMN committed_in xid8');
    await runner.query('ALTER TABLE batches ALTER COLUMN committed_in SET DEFAULT pg_current_xact_id()');
    await runner.query('CREATE INDEX batches_committed_in ON batches (committed_in)');
    for (const period of ['minutes', 'hours', 'days']) {
      // fillfactor: the last row of a counter is changed in place until its period is over.
      await runner.query(`
        CREATE TABLE history_${period} (
          name       text COLLATE "C" NOT NULL,
          -- The beginning of the period, in UTC.
          at         timestamptz(0) NOT NULL,
          -- Of the counter, after its last change in the period.
          value      bigint NOT NULL,
          version    bigint NOT NULL,
          -- When the counter came into being: a name may have had several lives.
          created_at timestamptz(3) NOT NULL,
          CONSTRAINT history_${period}_pkey PRIMARY KEY (name, at)
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)`);
      await runner.query(`CREATE INDEX history_${period}_at ON history_${period} (at)`);
    }
    await runner.query(`
      CREATE TABLE history_progress (
        one          boolean PRIMARY KEY DEFAULT true CHECK (one),
        -- The batches that this snapshot sees are in the history.
        derived      pg_snapshot NOT NULL,
        -- Minutes from this one on are not yet in hours and days; null: all are.
        unrolled_from timestamptz(0)
      )`);
    await runner.query('INSERT INTO history_progress (derived) VALUES (pg_current_snapshot())');
    // The first point that is known of counters that are there already.
    await runner.query(`
      INSERT INTO history_days (name, at, value, version, created_at)
      SELECT name, date_trunc('day', updated_at, 'UTC'), value, version, created_at FROM counters WHERE NOT deleted`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE history_progress, history_days, history_hours, history_minutes');
    await runner.query('ALTER TABLE batches DROP COLUMN committed_in');
  }
}
