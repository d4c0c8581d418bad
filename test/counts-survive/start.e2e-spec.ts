/** What the service makes sure of before it takes its first request. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { poolOf } from '../../src/store/connections.js';
import { type AppProcess, startApp, startAppProcess, type TestApp } from '../support/app.js';
import { BUCKETS_ENVIRONMENT } from '../support/buckets.js';
import { runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { commandOf } from '../support/runtime.js';
import { scratchFolder } from '../support/scratch.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const INSTANCES = 8;

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A line of one. */
const STACK = /\bat .*\.js:\d/;

/** Of the form of an admin key. */
const KEY = `ec_${'a'.repeat(43)}`;

const servers = withRedis();

const start = (databaseUrl: string): Promise<AppProcess> =>
  startAppProcess({ databaseUrl, redisUrl: servers.redis.url });

it(`${INSTANCES} instances that start at once on an empty database all serve it`, async () => {
  const databaseUrl = await createTestDatabase();
  const apps: TestApp[] = await Promise.all(
    Array.from({ length: INSTANCES }, () => startApp({ databaseUrl, redisUrl: servers.redis.url })),
  );
  try {
    const values = await Promise.all(
      apps.map(async ({ url }) => (await new CounterCalls(url).increment('a')).body.value),
    );
    expect(values.sort()).toEqual(Array.from({ length: INSTANCES }, (_, index) => index + 1));
  } finally {
    await Promise.all(apps.map((app) => app.stop()));
  }
});

it('every session reads what is committed and compiles no plan, whatever the database says', async () => {
  const databaseUrl = await createTestDatabase();
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const database = new URL(databaseUrl).pathname.slice(1);
  for (const setting of ["default_transaction_isolation = 'serializable'", 'jit = on', "TimeZone = 'Asia/Tokyo'"]) {
    await client.query(`ALTER DATABASE ${database} SET ${setting}`);
  }
  await client.end();
  const pool = poolOf(databaseUrl, 1);
  const { rows } = await pool.query<Record<string, string>>(
    `SELECT current_setting('transaction_isolation') AS isolation, current_setting('jit') AS jit,
            current_setting('TimeZone') AS zone`,
  );
  await pool.end();
  expect(rows).toEqual([{ isolation: 'read committed', jit: 'off', zone: 'UTC' }]);
});

it('a port that is taken, or an address of another machine, is told in one line that names the variable', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const databaseUrl = await createTestDatabase();
  const faults: [Record<string, string>, RegExp][] = [
    [{ PORT: String(port) }, new RegExp(`"PORT: ${port} on 127.0.0.1 is taken`)],
    [{ RESP_PORT: String(port) }, new RegExp(`"RESP_PORT: ${port} on 127.0.0.1 is taken`)],
    [{ HOST: '192.0.2.1', AUTH: 'required', ADMIN_KEY: KEY }, /HOST: .*192\.0\.2\.1/],
    [{ HOST: 'no.such.name.invalid', AUTH: 'required', ADMIN_KEY: KEY }, /HOST: .*no\.such\.name/],
  ];
  try {
    for (const [env, reason] of faults) {
      const { message } = await startAppProcess({ databaseUrl, redisUrl: servers.redis.url, env }).then(
        async (app) => {
          await app.stop();
          return new Error('it started');
        },
        (error: unknown) => error as Error,
      );
      const [first = '', ...lines] = message.split('\n').filter((line) => !line.includes('"starting"'));
      expect(first).toContain('exit code 78');
      expect(lines).toEqual([expect.stringMatching(reason)]);
      expect(message).not.toMatch(STACK);
    }
  } finally {
    other.close();
  }
});

it('the port of the Redis protocol that nobody asked for may be taken: one line says so, and the rest is served', async () => {
  const [folder, other] = [await scratchFolder(), createServer()];
  const taken = new Promise((resolve) => other.once('error', resolve).listen(6380, '127.0.0.1', () => resolve(null)));
  // By us, or by whoever was there before.
  await taken;
  // In a folder of its own it brings up servers of its own.
  const app = await startAppProcess({ databaseUrl: '', redisUrl: '', cwd: folder });
  try {
    expect((await new CounterCalls(app.url).increment('a')).body.value).toBe(1);
    const told = app.log().filter(({ msg = '' }) => msg.includes('6380'));
    expect(told.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', expect.stringMatching(/taken.*RESP_PORT chooses another/)],
    ]);
    expect([app.respPort, app.output.filter((line) => line.includes('redis-cli'))]).toEqual([0, []]);
  } finally {
    const { code } = await app.stop();
    other.close();
    await rm(folder, { recursive: true });
    expect(code).toBe(0);
  }
});

it.each(['counters (id int)', 'migrations (id int)', 'batches (id uuid PRIMARY KEY)'])(
  'a table %s of another program is told in words',
  async (table) => {
    const databaseUrl = await createTestDatabase();
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query(`CREATE TABLE ${table}`);
    await client.end();
    const reason = /the database holds tables of another program.*give evercount a database of its own/;
    const { message } = await start(databaseUrl).then(
      () => new Error('it started'),
      (error: unknown) => error as Error,
    );
    expect(message).toMatch(/exit code 78/);
    expect(message).toMatch(reason);
    expect(message).not.toMatch(STACK);
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url };
    const { code, err } = await runCli(['migrate', 'up'], { env });
    expect(err).toMatch(reason);
    expect(code).toBe(78);
  },
);

it("tables that are another role's than that which migrates are told as such", async () => {
  const databaseUrl = await createTestDatabase();
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const owner = `owner_${new URL(databaseUrl).pathname.slice(1)}`;
  await client.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'secret'`);
  await client.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${owner}`);
  const role = new URL(databaseUrl).username;
  const migrationsUrl = Object.assign(new URL(databaseUrl), { username: owner, password: 'secret' }).href;
  await (await start(databaseUrl)).stop();
  const env = { DATABASE_URL: databaseUrl, MIGRATIONS_DATABASE_URL: migrationsUrl, REDIS_URL: servers.redis.url };
  try {
    for (const grant of [null, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${owner}`]) {
      if (grant !== null) await client.query(`${grant}; DELETE FROM migrations WHERE name LIKE 'Watches%'`);
      const { code, err } = await runCli(['migrate', 'up'], { env });
      expect(err).toMatch(new RegExp(`${owner} may not change the tables, which are ${role}'s`));
      expect(code).toBe(78);
    }
    await client.query(`REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM ${owner}`);
    expect((await runCli(['doctor'], { env })).out).toMatch(
      /BAD +schema +cannot be looked at .* denied for table migrations/,
    );
  } finally {
    await client.query(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`);
    await client.end();
  }
});

it('an instance that must not migrate does not listen until another one has', async () => {
  const databaseUrl = await createTestDatabase();
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url };
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await runCli(['migrate', 'up'], { env });
  // As of a release of which only the last migration is new.
  await client.query(`DROP TABLE cache_units; ALTER TABLE cache_guard DROP COLUMN unit_changes;
                      DELETE FROM migrations WHERE name LIKE 'Units%'`);
  await client.end();
  const [program, ...args] = commandOf();
  const child = spawn(program, [...args, MAIN], {
    env: { ...BUCKETS_ENVIRONMENT, ...env, MIGRATE_ON_START: 'false', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    await eventually(() => said.includes('until somebody has migrated it') || said.includes('listening'));
    expect(said).not.toContain('listening');
    expect((await runCli(['migrate', 'up'], { env })).code).toBe(0);
    await eventually(() => said.includes('listening'));
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
});

describe('a Postgres on which committed would not mean safe is refused:', () => {
  it.each(['off', 'local'])('synchronous_commit=%s', async (value) => {
    const databaseUrl = await createTestDatabase();
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query(`ALTER DATABASE ${new URL(databaseUrl).pathname.slice(1)} SET synchronous_commit = ${value}`);
    await client.end();
    await expect(start(databaseUrl)).rejects.toThrow(new RegExp(`exit code 1.*synchronous_commit=${value}`, 's'));
  });

  it.each(['LATIN1', 'SQL_ASCII'])('%s in place of UTF-8', async (encoding) => {
    const utf8 = await createTestDatabase();
    const client = new pg.Client(utf8);
    await client.connect();
    const name = `${new URL(utf8).pathname.slice(1)}_other`;
    await client.query(`CREATE DATABASE ${name} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    await client.end();
    const databaseUrl = `${utf8}_other`;
    await expect(start(databaseUrl)).rejects.toThrow(new RegExp(`exit code 78.*${encoding}.*ENCODING 'UTF8'`, 's'));
    const { out } = await runCli(['doctor'], { env: { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url } });
    expect(out).toMatch(new RegExp(`BAD +encoding +${encoding}\n.*ENCODING 'UTF8'`));
  });

  describe('of its own', () => {
    let postgres: TestPostgres;

    beforeEach(async () => {
      postgres = await startPostgres({ settings: ['fsync=off'] });
    });

    afterEach(() => postgres.stop());

    it('fsync=off', async () => {
      await expect(start(postgres.url)).rejects.toThrow(/exit code 1.*fsync=off/s);
    });
  });
});
