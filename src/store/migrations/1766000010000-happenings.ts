import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What happened, and how things went meanwhile: neither may be lost with a flush of Redis. */
export class Happenings1766000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE happenings (
        id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at       timestamptz NOT NULL DEFAULT clock_timestamp(),
        kind     text COLLATE "C" NOT NULL,
        instance text NOT NULL,
        detail   jsonb NOT NULL,
        -- What all instances notice, and one is to tell.
        once     text UNIQUE
      )`);
    await runner.query('CREATE INDEX happenings_at ON happenings (at, id)');
    // A row every few seconds of each instance, for a day: after a crash of Postgres it begins anew.
    await runner.query(`
      CREATE UNLOGGED TABLE samples (
        at              timestamptz NOT NULL,
        instance        text COLLATE "C" NOT NULL,
        -- Since the row before it.
        span_ms         integer NOT NULL CHECK (span_ms > 0),
        hits            bigint NOT NULL,
        misses          bigint NOT NULL,
        bypasses        bigint NOT NULL,
        unverified      bigint NOT NULL,
        increments      bigint NOT NULL,
        other_writes    bigint NOT NULL,
        failures        bigint NOT NULL,
        commits         bigint NOT NULL,
        commit_ms       double precision NOT NULL,
        commit_p99_ms   double precision,
        publishes       bigint NOT NULL,
        publish_ms      double precision NOT NULL,
        publish_p99_ms  double precision,
        -- When the row was made.
        queue           integer NOT NULL,
        serves          boolean NOT NULL,
        PRIMARY KEY (at, instance)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE samples');
    await runner.query('DROP TABLE happenings');
  }
}
