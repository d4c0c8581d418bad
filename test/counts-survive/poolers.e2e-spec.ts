/** Behind a pooler the service either works as it does without, or says at its start why not and what to do. */
import pg from 'pg';
import { sharedAfter } from '../../src/store/pooler.js';
import { startApp, startAppProcess, type TestApp } from '../support/app.js';
import { runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { findPgbouncer, type PoolMode, startPgbouncer, type TestPooler } from '../support/pgbouncer.js';
import { startPostgres, startRedis, type TestPostgres, type TestRedis } from '../support/servers.js';

const found = findPgbouncer();
const program = found ?? { kind: 'binary' as const, path: 'pgbouncer', environment: {} };

/** More clients than sessions of the server: each gets another's. */
const FEW = ['default_pool_size = 4'];

let postgres: TestPostgres;
let redis: TestRedis;
const poolers: TestPooler[] = [];

const pooled = async (mode: PoolMode, settings: readonly string[] = FEW): Promise<string> => {
  const pooler = await startPgbouncer(program, postgres.url, mode, settings);
  poolers.push(pooler);
  return pooler.url;
};

/** What a start says that ends at once. */
const refusalOf = (databaseUrl: string, env: Readonly<Record<string, string>> = {}): Promise<string> =>
  startAppProcess({ databaseUrl, redisUrl: redis.url, env }).then(
    async (app) => {
      await app.kill();
      return 'it started';
    },
    (error: unknown) => String(error),
  );

/** Counts by many at once, in every way that writes and reads go; throws where anything is not as without a pooler. */
const count = async (apps: readonly TestApp[], name: string): Promise<void> => {
  const all = apps.map(({ url }) => new CounterCalls(url));
  const replies = await Promise.all(
    Array.from({ length: 120 }, (_, index) => {
      const calls = all[index % all.length] as CounterCalls;
      const options = index % 2 === 0 ? {} : { key: `${name} ${index}` };
      return index % 3 === 0
        ? calls.set(`${name} ${index}`, { value: index }, options)
        : calls.increment(name, 1, options);
    }),
  );
  expect(replies.filter(({ status }) => status >= 300).map(({ text }) => text)).toEqual([]);
  for (const calls of all) {
    expect((await calls.read(name)).body).toMatchObject({ value: 80, version: 80 });
    expect((await calls.read(name, '?consistency=strong')).body).toMatchObject({ value: 80, version: 80 });
    const list = await calls.call<{ data: unknown[] }>('GET', `/v1/counters?prefix=${encodeURIComponent(name)}`);
    expect(list.body.data).toHaveLength(41);
    for (const path of [`/v1/counters/${encodeURIComponent(name)}/history`, '/v1/summary', '/v1/top']) {
      expect([path, (await calls.call('GET', path)).status]).toEqual([path, 200]);
    }
  }
};

(found === null ? describe.skip : describe)('PgBouncer, which cannot be had here where these are skipped,', () => {
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres({ settings: ['TimeZone=Asia/Tokyo'] }), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all(poolers.map((pooler) => pooler.stop()));
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  it.each<[PoolMode, readonly string[], string]>([
    ['session', FEW, 'never'],
    ['transaction', FEW, 'transaction'],
    ['transaction', ['default_pool_size = 1'], 'transaction'],
    ['transaction', [...FEW, 'server_round_robin = 1'], 'transaction'],
    ['statement', FEW, 'statement'],
  ])('in %s mode (%j) is found to give sessions away: %s, each time', async (mode, settings, shared) => {
    const url = await pooled(mode, settings);
    for (let turn = 0; turn < 5; turn += 1) await expect(sharedAfter(url)).resolves.toBe(shared);
  });

  it('is not found where there is none', async () => {
    await expect(sharedAfter(postgres.url)).resolves.toBe('never');
  });

  it('in session mode serves as Postgres itself, though it drops startup parameters', async () => {
    const app = await startApp({ databaseUrl: await pooled('session', []), redisUrl: redis.url });
    try {
      await count([app], 'by session');
    } finally {
      await app.stop();
    }
  });

  it.each<[string, PoolMode, string, Readonly<Record<string, string>>, RegExp]>([
    ['in transaction mode', 'transaction', '', {}, /DATABASE_URL leads to a pooler.*after each transaction/],
    ['in statement mode', 'statement', '', {}, /DATABASE_URL leads to a pooler.*after each statement/],
    [
      'in statement mode, taken for one of transactions',
      'statement',
      '',
      { DATABASE_POOLER: 'transaction' },
      /statement/,
    ],
    ['that is asked for startup parameters', 'session', 'options=-c%20jit%3Doff', {}, /startup parameter/],
  ])('%s ends the start with 78 and the endpoints to take', async (_, mode, query, env, reason) => {
    const url = new URL(await pooled(mode));
    url.search = query;
    const said = await refusalOf(url.href, { ...env, MIGRATIONS_DATABASE_URL: postgres.url });
    expect(said).toContain('exit code 78');
    expect(said).toMatch(reason);
    for (const endpoint of ['pool_mode=session', 'Supabase', 'Neon', 'RDS Proxy']) expect(said).toContain(endpoint);
  });

  it('in transaction mode is served with settings of the role, which are named where they are missing', async () => {
    const databaseUrl = await pooled('transaction');
    const env = { DATABASE_POOLER: 'transaction', MIGRATIONS_DATABASE_URL: postgres.url };
    const said = await refusalOf(databaseUrl, env);
    expect(said).toContain('exit code 78');
    const statements = said.split('\n').filter((line) => line.startsWith('  ALTER ROLE'));
    expect(statements.map((statement) => /SET (\w+)/.exec(statement)?.[1])).toEqual([
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'jit',
    ]);
    const hand = new pg.Client(postgres.url);
    hand.on('error', () => undefined);
    await hand.connect();
    const apps: TestApp[] = [];
    try {
      for (const statement of statements) await hand.query(statement);
      // As RECONNECT would: sessions from before have the settings from before.
      await hand.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
      while (apps.length < 2) apps.push(await startApp({ databaseUrl, redisUrl: redis.url, env }));
      await count(apps, 'by transaction');
      // Nothing of ours stays in sessions that are others' next.
      const { rows } = await hand.query<{ locks: string }>(
        `SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory'`,
      );
      expect(rows).toEqual([{ locks: '0' }]);
      const guest = new pg.Client(databaseUrl);
      await guest.connect();
      const zone = await guest.query<{ TimeZone: string }>('SHOW TimeZone');
      const prepared = await guest.query('SELECT FROM pg_prepared_statements');
      await guest.end();
      expect([zone.rows, prepared.rowCount]).toEqual([[{ TimeZone: 'Asia/Tokyo' }], 0]);
    } finally {
      await Promise.all(apps.map((app) => app.stop()));
      await hand.end();
    }
  });

  it('is told by doctor', async () => {
    const env = {
      DATABASE_URL: await pooled('transaction'),
      MIGRATIONS_DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
    };
    const without = await runCli(['doctor'], { env });
    expect(without.out).toMatch(/BAD +pooler +gives its sessions to others after each transaction\n.*direct endpoint/);
    const known = await runCli(['doctor'], { env: { ...env, DATABASE_POOLER: 'transaction' } });
    expect(known.out).toMatch(/ok +pooler/);
  });

  it('must not be what migrations go through', async () => {
    const said = await refusalOf(postgres.url, { MIGRATIONS_DATABASE_URL: await pooled('transaction') });
    expect(said).toContain('exit code 78');
    expect(said).toContain('MIGRATIONS_DATABASE_URL leads to a pooler');
  });
});
