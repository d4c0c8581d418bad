/** Into how many buckets a database is divided, whoever makes it says, for ever; one that has counted stays in one. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions, migrate } from '../../src/store/migrate.js';
import { Buckets1768000000000 } from '../../src/store/migrations/1768000000000-buckets.js';
import { startApp, startAppProcess } from '../support/app.js';
import { runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { INCREMENT } from './previous-release.js';

const clients: pg.Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  clients.push(client);
  return client;
}

const servers = withRedis();

/** What the service says, as a process, when it does not start with so many. */
const refusedWith = (databaseUrl: string, BUCKETS: string): Promise<string> =>
  startAppProcess({ databaseUrl, redisUrl: servers.redis.url, env: { BUCKETS } }).then(
    async (app) => JSON.stringify(await app.stop()),
    (error: unknown) => String(error),
  );

/** The value of "a" after one increment more, by an instance that says so many buckets, or nothing of them. */
async function countedWith(databaseUrl: string, BUCKETS: string): Promise<number> {
  const app = await startApp({ databaseUrl, redisUrl: servers.redis.url, env: { BUCKETS } });
  const { body } = await new CounterCalls(app.url).increment('a').finally(() => app.stop());
  return body.value;
}

/** Tables, and what their keys begin with where there is one bucket. */
const PLAIN = {
  counters: 'name',
  batches: 'id',
  idempotency_keys: 'owner',
  history_minutes: 'name',
  history_hours: 'name',
  history_days: 'name',
};
const DIVIDED = Object.fromEntries(Object.keys(PLAIN).map((table) => [table, 'bucket']));

/** The first column of each key of those tables. */
async function keysOf(url: string): Promise<Record<string, string>> {
  const client = await connected(url);
  const { rows } = await client.query<{ name: string; first: string }>(
    `SELECT relname AS name, attname AS first
     FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
     JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
     WHERE contype = 'p' AND relname = ANY ($1)`,
    [Object.keys(PLAIN)],
  );
  return Object.fromEntries(rows.map(({ name, first }) => [name, first]));
}

async function goBack(url: string): Promise<void> {
  const dataSource = await new DataSource(dataSourceOptions(url, 1)).initialize();
  const runner = dataSource.createQueryRunner();
  await new Buckets1768000000000().down(runner);
  await runner.query(`DELETE FROM migrations WHERE name LIKE 'Buckets%'`);
  await runner.release();
  await dataSource.destroy();
}

it('a database that is new is divided as BUCKETS says, and starts with this number or none from then on', async () => {
  const databaseUrl = await createTestDatabase();
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url, BUCKETS: '4' };
  expect((await runCli(['migrate', 'up'], { env })).code).toBe(0);
  expect(await keysOf(databaseUrl)).toEqual(DIVIDED);
  expect([await countedWith(databaseUrl, '4'), await countedWith(databaseUrl, '')]).toEqual([1, 2]);
  const refusal = /BUCKETS: got 8; takes 4 or nothing, since this database was created with 4/;
  expect(await refusedWith(databaseUrl, '8')).toMatch(new RegExp(`exit code 78.*${refusal.source}`, 's'));
  const again = await runCli(['migrate', 'up'], { env: { ...env, BUCKETS: '8' } });
  expect(again.code).toBe(78);
  expect(again.err).toMatch(refusal);
});

it('one that has counted stays in one, whatever BUCKETS says, and the version before goes on counting', async () => {
  const databaseUrl = await createTestDatabase();
  await migrate(databaseUrl);
  await goBack(databaseUrl);
  const before = await connected(databaseUrl);
  const incrementBefore = () => before.query(INCREMENT, [randomUUID(), 'a', '{1}', '{1}', null, null, null, 0]);
  await incrementBefore();
  expect(await refusedWith(databaseUrl, '4')).toMatch(
    /exit code 78.*BUCKETS: got 4; takes 1 or nothing, since this database was created with 1/s,
  );
  expect(await keysOf(databaseUrl)).toEqual(PLAIN);
  await incrementBefore();
  expect([await countedWith(databaseUrl, ''), await countedWith(databaseUrl, '1')]).toEqual([3, 4]);
});

it.each([1, 4])(
  'one of %i goes back to the schema before, with what was counted, and forwards again',
  async (buckets) => {
    const databaseUrl = await createTestDatabase();
    expect(await countedWith(databaseUrl, String(buckets))).toBe(1);
    await goBack(databaseUrl);
    expect(await keysOf(databaseUrl)).toEqual(PLAIN);
    const client = await connected(databaseUrl);
    const { rows } = await client.query(
      `SELECT attrelid::regclass FROM pg_attribute
       WHERE attname = 'bucket' AND NOT attisdropped AND attrelid = ANY ($1::regclass[])`,
      [[...Object.keys(PLAIN), 'late_increments']],
    );
    expect(rows).toEqual([]);
    expect(await countedWith(databaseUrl, '1')).toBe(2);
  },
);
