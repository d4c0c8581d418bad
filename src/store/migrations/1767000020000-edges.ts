import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each edge has come, and what it counted in minutes that were over when it arrived. */
export class Edges1767000020000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE edges (
        id           uuid PRIMARY KEY,
        -- The id of the API key that brought it into being; '' where none is asked for.
        owner        text NOT NULL,
        -- The last number that was taken, and the digest of the delivery that brought it.
        last         bigint NOT NULL CHECK (last > 0),
        digest       text NOT NULL,
        -- What became of its items, not jsonb: the same delivery once more is answered the same, byte for byte.
        verdicts     json NOT NULL,
        -- When nothing was left waiting at the edge, last: what comes was counted afterwards. Null: that never was.
        settled_at   timestamptz(3),
        began_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        delivered_at timestamptz(3) NOT NULL,
        refused      bigint NOT NULL
      )`);
    await runner.query('CREATE INDEX edges_owner ON edges (owner)');
    // Until the history has taken them in; read beside the log of batches, which holds the same changes as of their arrival.
    await runner.query(`
      CREATE TABLE late_increments (
        id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name         text COLLATE "C" NOT NULL,
        -- The minute in which it was counted.
        at           timestamptz(0) NOT NULL,
        by           bigint NOT NULL,
        -- Of the counter, after it was added; and when the counter came into being.
        version      bigint NOT NULL,
        created_at   timestamptz(3) NOT NULL,
        committed_in xid8 NOT NULL DEFAULT pg_current_xact_id()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE late_increments, edges');
  }
}
