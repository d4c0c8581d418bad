/** A Postgres that takes no writes is not the client's fault: 503, readiness follows, and the log says why. */
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { CounterCalls, type Reply } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withServers } from '../support/service.js';

const servers = withServers({
  ownPostgres: true,
  ending: async () => {
    await app.stop();
    await hand.end();
  },
});
let app: TestApp;
let calls: CounterCalls;
let hand: pg.Client;

beforeAll(async () => {
  hand = new pg.Client(servers.databaseUrl);
  await hand.connect();
  await hand.query("CREATE ROLE serving LOGIN PASSWORD 'serving'");
  await hand.query('ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO serving');
  const databaseUrl = servers.databaseUrl.replace(/\/\/[^@]+@/, '//serving:serving@');
  const env = { MIGRATIONS_DATABASE_URL: servers.databaseUrl };
  app = await startApp({ databaseUrl, redisUrl: servers.redis.url, env });
  calls = new CounterCalls(app.url);
  await calls.increment('here');
});

const ready = async (query = ''): Promise<{ status: number; detail?: string }> => {
  const { status, body } = await calls.call<{ detail?: string }>('GET', `/readyz${query}`);
  return { status, ...(body.detail === undefined ? {} : { detail: body.detail }) };
};
const untilReady = (): Promise<void> => eventually(async () => (await ready()).status === 200);

const errors = (): Record<string, unknown>[] =>
  app.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ level }) => level === 'error');

const codeOf = ({ status, body }: Reply): string => `${status} ${(body as unknown as { code?: string }).code ?? ''}`;

/** One of each way to write. */
const writeAll = async (): Promise<string[]> =>
  Promise.all([
    calls.increment('here'),
    calls.set('there', { value: 1 }),
    calls.increment('keyed', 1, { key: 'k' }),
  ]).then((replies) => replies.map(codeOf));

const REFUSED = ['503 unavailable', '503 unavailable', '503 unavailable'];

/** All writes fail with this code. */
const failing = async (code: string): Promise<void> => {
  await hand.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused by hand' USING ERRCODE = '${code}'; END $$`);
  for (const table of ['batches', 'cache_guard']) {
    await hand.query(
      `CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()`,
    );
  }
};

const readOnly = (command: string): Promise<unknown> => hand.query(command);

const ways: (readonly [string, () => Promise<unknown>, () => Promise<unknown>, RegExp])[] = [
  [
    'read-only by the database, with new sessions',
    async () => {
      await readOnly('ALTER DATABASE postgres SET default_transaction_read_only = on');
      await hand.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'serving'");
      // What is sent on a session that is about to end has no known outcome; the answer meant here is of a new one.
      await eventually(async () => codeOf(await calls.increment('here')) === '503 unavailable');
    },
    () => readOnly('ALTER DATABASE postgres RESET default_transaction_read_only'),
    /read-only/,
  ],
  [
    'without the right to write',
    () => hand.query('REVOKE INSERT, UPDATE ON batches, counters, cache_guard FROM serving'),
    () => hand.query('GRANT INSERT, UPDATE ON batches, counters, cache_guard TO serving'),
    /role/,
  ],
  ...(
    [
      ['53100', /disk is full/],
      ['58030', /storage/],
      ['26000', /pooler/],
    ] as const
  ).map(
    ([code, reason]) =>
      [`that answers ${code}`, () => failing(code), () => hand.query('DROP FUNCTION refuse CASCADE'), reason] as const,
  ),
];

it.each(ways)('a Postgres %s', async (_, refuse, mend, reason) => {
  await untilReady();
  const before = errors().length;
  await refuse();
  try {
    expect(await writeAll()).toEqual(REFUSED);
    await eventually(async () => (await ready()).status === 503);
    const { detail } = await ready();
    expect(detail).toMatch(reason);
    expect((await ready('?degraded=ok')).status).toBe(200);
    expect((await calls.read('here', '?consistency=strong')).status).toBe(200);
    const told = errors()
      .slice(before)
      .filter(({ msg }) => /takes no writes/.test(String(msg)));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      msg: expect.stringMatching(reason) as unknown,
      code: expect.stringMatching(/^\w{5}$/) as unknown,
    });
  } finally {
    await mend();
  }
  // Nobody sends writes to who is not ready, so it finds out by itself.
  await untilReady();
  expect((await calls.increment('here')).status).toBe(200);
});

it('that turns read-only while nobody writes is noticed, and so is its end', async () => {
  await untilReady();
  await hand.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await hand.query('SELECT pg_reload_conf()');
  await eventually(async () => (await ready()).status === 503);
  await hand.query('SET default_transaction_read_only = off');
  await hand.query('ALTER SYSTEM RESET default_transaction_read_only');
  await hand.query('SELECT pg_reload_conf()');
  await untilReady();
});

it('a reading that is refused says so, and the log has the cause once', async () => {
  await untilReady();
  await hand.query('REVOKE SELECT ON counters, history_minutes FROM serving');
  try {
    const before = errors().length;
    for (const path of ['/v1/counters', '/v1/counters/here/history', '/v1/summary', '/v1/counters?prefix=a']) {
      const reply = await calls.call<{ code: string; detail: string }>('GET', path);
      expect([path, reply.status, reply.body.code]).toEqual([path, 503, 'unavailable']);
      expect(reply.body.detail).toContain('Postgres refuses it');
    }
    const told = errors()
      .slice(before)
      .filter(({ cause }) => cause === '42501');
    expect(told).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('permission denied') as unknown }),
    ]);
  } finally {
    await hand.query('GRANT SELECT ON counters, history_minutes TO serving');
  }
});
