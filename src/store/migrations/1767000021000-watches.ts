import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What counters should not be, who is told when they are, and what is to be told. */
export class Watches1767000021000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE watches (
        id         text PRIMARY KEY,
        label      text NOT NULL,
        name       text COLLATE "C",
        prefix     text COLLATE "C",
        condition  jsonb NOT NULL,
        -- The same, for statements; above and below only of a limit.
        kind       text NOT NULL CHECK (kind IN ('value', 'rate', 'silent', 'unexpected')),
        above      bigint,
        below      bigint,
        hysteresis bigint NOT NULL CHECK (hysteresis >= 0),
        hold_ms    bigint NOT NULL CHECK (hold_ms >= 0),
        notify     text[] NOT NULL,
        muted      boolean NOT NULL,
        -- To be looked at anew, whether anything changed or not.
        fresh      boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CHECK ((name IS NULL) <> (prefix IS NULL))
      )`);
    await runner.query('CREATE INDEX watches_name ON watches (name) WHERE name IS NOT NULL');
    await runner.query('CREATE INDEX watches_fresh ON watches (id) WHERE fresh');
    await runner.query(`
      CREATE TABLE watch_states (
        watch_id      text NOT NULL REFERENCES watches ON DELETE CASCADE,
        name          text COLLATE "C" NOT NULL,
        state         text NOT NULL CHECK (state IN ('ok', 'firing', 'no_data')),
        since         timestamptz(3) NOT NULL,
        pending       text CHECK (pending IN ('ok', 'firing')),
        pending_since timestamptz(3),
        -- What was judged when it turned last.
        observed      bigint,
        -- What webhooks were told last; null: nothing.
        told          text,
        -- How often it has turned.
        turns         bigint NOT NULL DEFAULT 0,
        -- When it is to be looked at although nothing changed; null: not before something does.
        due_at        timestamptz(3),
        -- Of "unexpected": the end of the last hour that was judged, and of the last that was as expected.
        judged_to     timestamptz(3),
        expected_to   timestamptz(3),
        PRIMARY KEY (watch_id, name)
      ) WITH (fillfactor = 80)`);
    await runner.query('CREATE INDEX watch_states_due ON watch_states (due_at) WHERE due_at IS NOT NULL');
    await runner.query(`CREATE INDEX watch_states_firing ON watch_states (watch_id) WHERE state = 'firing'`);
    await runner.query(`
      CREATE TABLE watch_turns (
        watch_id   text NOT NULL REFERENCES watches ON DELETE CASCADE,
        name       text COLLATE "C" NOT NULL,
        turn       bigint NOT NULL,
        at         timestamptz(3) NOT NULL,
        from_state text NOT NULL,
        to_state   text NOT NULL,
        observed   bigint,
        -- The same turn is never there twice.
        PRIMARY KEY (watch_id, name, turn)
      )`);
    await runner.query('CREATE INDEX watch_turns_at ON watch_turns (watch_id, at DESC)');
    await runner.query('CREATE INDEX watch_turns_old ON watch_turns (at)');
    await runner.query(`
      CREATE TABLE webhooks (
        id                  text PRIMARY KEY,
        label               text NOT NULL,
        url                 text NOT NULL,
        -- To sign with, it must be known.
        secret              text NOT NULL,
        previous_secret     text,
        previous_expires_at timestamptz(3),
        disabled_at         timestamptz(3),
        disabled_why        text,
        created_at          timestamptz(3) NOT NULL DEFAULT now(),
        updated_at          timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE webhook_deliveries (
        -- What receivers know the message by, however often it is sent.
        id          text PRIMARY KEY,
        webhook_id  text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
        type        text NOT NULL,
        body        text NOT NULL,
        state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
        created_at  timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        -- When it is sent next; while it is being sent, when others may try.
        due_at      timestamptz(3) DEFAULT clock_timestamp(),
        give_up_at  timestamptz(3) NOT NULL,
        attempts    int NOT NULL DEFAULT 0,
        last_at     timestamptz(3),
        -- Of the last try; null: nobody answered.
        last_status int,
        last_fault  text,
        last_ms     int
      ) WITH (fillfactor = 80)`);
    await runner.query(
      `CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE state = 'waiting'`,
    );
    await runner.query(
      'CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, created_at DESC, id DESC)',
    );
    await runner.query('CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_deliveries, webhooks, watch_turns, watch_states, watches');
    await runner.query(`DELETE FROM batch_cursors WHERE name = 'watches'`);
  }
}
