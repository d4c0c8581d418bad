/** Migrations wait for each other, whatever the database says of timeouts, and never keep writers waiting for long. */
import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { LOCKS } from '../../src/store/advisory-locks.js';
import { applyMigrations, dataSourceOptions, migrate } from '../../src/store/migrate.js';
import { TEST_BUCKETS } from '../support/buckets.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const clients: pg.Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** Whether somebody waits in this database for a lock, for longer than a time. */
const waitsFor = async (client: pg.Client, ms: number): Promise<boolean> => {
  const { rowCount } = await client.query(
    `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE datname = current_database() AND NOT granted AND waitstart < clock_timestamp() - $1 * interval '1 ms'`,
    [ms],
  );
  return (rowCount ?? 0) > 0;
};

it('a start waits for the migrations of another one for as long as they take', async () => {
  const url = await createTestDatabase();
  const other = await connected(url);
  const name = new URL(url).pathname.slice(1);
  for (const setting of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    await other.query(`ALTER DATABASE ${name} SET ${setting} = '300ms'`);
  }
  await other.query('SELECT pg_advisory_lock($1)', [LOCKS.migrations]);
  const migrated = migrate(url, TEST_BUCKETS).then(
    () => 'migrated',
    (error: unknown) => String(error),
  );
  await eventually(async () => {
    const { rowCount } = await other.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start < clock_timestamp() - interval '1 s'`,
    );
    return rowCount === 1;
  });
  await other.query('SELECT pg_advisory_unlock($1)', [LOCKS.migrations]);
  await expect(migrated).resolves.toBe('migrated');
  // One more finds nothing to do, and no lock that was left behind.
  await migrate(url, TEST_BUCKETS);
});

it('that build an index beside writers are never waited for by themselves, nor by those that wait for them', async () => {
  const [databases, starts, locks] = [15, 4, 5_000];
  // With so many of them, looking who waits takes long enough for the index to meet it.
  const holder = await connected(await createTestDatabase());
  await holder.query('SELECT count(pg_advisory_lock(n)) FROM generate_series(1, $1::int) n', [locks]);
  for (let round = 0; round < databases; round += 1) {
    const url = await createTestDatabase();
    await Promise.all(Array.from({ length: starts }, () => migrate(url, TEST_BUCKETS)));
  }
});

/** Longer than any test: only a cancellation ends it. */
const FOR_EVER = 'SELECT pg_sleep(86400)';

let attempts = 0;

class HoldsTheTable1999000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    attempts += 1;
    await runner.query('LOCK TABLE counters IN ACCESS EXCLUSIVE MODE');
    if (attempts === 1) await runner.query(FOR_EVER);
    await runner.query('ALTER TABLE counters ADD COLUMN proof int');
  }

  async down(): Promise<void> {
    // Nobody goes back.
  }
}

describe('a migration that is in the way of writers', () => {
  let url: string;
  let writer: pg.Client;
  let applied: Promise<void>;
  let dataSource: DataSource;

  beforeEach(async () => {
    url = await createTestDatabase();
    await migrate(url, TEST_BUCKETS);
    writer = await connected(url);
    const options = dataSourceOptions(url, 2, { statement_timeout: 0, query_timeout: 0, lock_timeout: 0 });
    dataSource = await new DataSource({ ...options, migrations: [HoldsTheTable1999000000000] }).initialize();
  });
  afterEach(() => dataSource.destroy());

  const apply = (): void => {
    applied = applyMigrations(dataSource);
  };

  const insert = (name: string): Promise<unknown> =>
    writer.query(
      'INSERT INTO counters (name, value, version, created_at, updated_at) VALUES ($1, 1, 1, now(), now())',
      [name],
    );

  const hasColumn = async (): Promise<boolean> => {
    const { rowCount } = await writer.query(
      `SELECT FROM information_schema.columns WHERE table_name = 'counters' AND column_name = 'proof'`,
    );
    return rowCount === 1;
  };

  it('because it holds a lock is cancelled, and made at a later try', async () => {
    attempts = 0;
    apply();
    await eventually(() => attempts === 1);
    await eventually(
      async () =>
        (
          await writer.query(
            "SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'counters'::regclass AND granted",
          )
        ).rowCount === 1,
    );
    await insert('held up');
    await applied;
    expect([attempts, await hasColumn()]).toEqual([2, true]);
  });

  it('because it waits for a lock itself lets them pass, and is made once that is free', async () => {
    attempts = 1;
    const reader = await connected(url);
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM counters');
    apply();
    await eventually(() => waitsFor(reader, 0));
    await insert('queued up');
    expect(await hasColumn()).toBe(false);
    await reader.query('COMMIT');
    await applied;
    expect(await hasColumn()).toBe(true);
  });
});
