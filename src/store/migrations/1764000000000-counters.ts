import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The truth: one row for each name that ever held a counter. */
export class Counters1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // fillfactor: room on the page for HOT updates; for the same reason nothing but the name is ever indexed.
    await runner.query(`
      CREATE TABLE counters (
        name       text COLLATE "C" PRIMARY KEY,
        value      bigint NOT NULL,
        version    bigint NOT NULL,
        min        bigint,
        max        bigint,
        deleted    boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT counters_name_length CHECK (octet_length(name) BETWEEN 1 AND 255),
        CONSTRAINT counters_value_range CHECK (value BETWEEN -9007199254740991 AND 9007199254740991),
        CONSTRAINT counters_version_range CHECK (version BETWEEN 1 AND 9007199254740991),
        CONSTRAINT counters_min_range CHECK (min BETWEEN -9007199254740991 AND 9007199254740991),
        CONSTRAINT counters_max_range CHECK (max BETWEEN -9007199254740991 AND 9007199254740991),
        CONSTRAINT counters_value_in_bounds CHECK (value >= min AND value <= max),
        CONSTRAINT counters_tombstone_is_empty CHECK (NOT deleted OR (value = 0 AND min IS NULL AND max IS NULL))
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE counters');
  }
}
