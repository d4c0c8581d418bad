import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who did what: a row for each deed, written in the transaction of what it tells of. */
export class Audit1766000009000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit (
        id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at         timestamptz NOT NULL DEFAULT clock_timestamp(),
        action     text COLLATE "C" NOT NULL,
        -- The id of an API key, or who acts without one.
        actor      text COLLATE "C" NOT NULL,
        is_session boolean NOT NULL,
        via        text COLLATE "C" NOT NULL,
        address    text,
        request_id text,
        -- The name of a counter, or the id of a key or link.
        subject    text COLLATE "C",
        before     jsonb,
        after      jsonb
      )`);
    // Nothing is ever asked for but latest first, and between two times.
    await runner.query('CREATE INDEX audit_at ON audit (at, id)');
    // What operators look at beside what happened to the servers: few, among many counters that were set.
    await runner.query(`CREATE INDEX audit_of_service ON audit (at, id) WHERE left(action, 8) <> 'counter.'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit');
  }
}
