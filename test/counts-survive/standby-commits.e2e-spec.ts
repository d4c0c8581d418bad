/** With a synchronous standby, nothing is told that a failover would take back; also where a commit's wait for it ends early. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { CacheUnavailable } from '../../src/cache/redis-connection.js';
import { PERMISSION_MS } from '../../src/counters/guard/blindness.js';
import { CacheGuard } from '../../src/counters/guard/cache-guard.js';
import { poolOf } from '../../src/store/connections.js';
import { GuardRow } from '../../src/store/guard-row.js';
import { HappeningLog } from '../../src/store/happening-log.js';
import { LOGGED, Replication } from '../../src/store/replication.js';
import { startApp, type TestApp } from '../support/app.js';
import { CounterCalls, type Reply } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/**
 * One of each lane, and one that reads; each may be at one commit that waits. So may the guard and the jobs for the
 * history: each of them holds a row for which its next try would wait.
 */
const MAX_WAITING = 6;

/** So many tries would leave more sessions than that, if each left one. */
const ROUNDS = 4;

const servers = withRedis({
  ending: async () => {
    await app.stop();
    await pair.stop();
  },
});
let pair: PrimaryWithStandby;
let app: TestApp;
let calls: CounterCalls;

beforeAll(async () => {
  // A standby that lost its primary for a moment is to be back soon.
  pair = await startPrimaryWithStandby({ synchronous: true, settings: ['wal_retrieve_retry_interval=100ms'] });
  app = await startApp({ databaseUrl: pair.primary.url, redisUrl: servers.redis.url, inside: true });
  calls = new CounterCalls(app.url);
});

afterEach(() => pair.standby.thaw());

/** By somebody at the database, as it is needed while no commit gets through. */
const byHand = async (text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: pair.primary.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

const waiting = (): Promise<unknown[]> => byHand(`SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
/** Sessions of the service. */
const ofApp = (which: string): Promise<unknown[]> =>
  byHand(`SELECT pid FROM pg_stat_activity WHERE application_name = 'evercount' AND ${which}`);
const toAllThatWait = (what: string) => () =>
  byHand(`SELECT ${what}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);

/** As a moment after the primary was restarted, once instances have waited; on this server only. */
const NOBODY_VOUCHES = `WITH vouched AS (UPDATE cache_units SET quiet = NULL)
  UPDATE cache_guard SET quiet = NULL WHERE set_config('synchronous_commit', 'local', true) = 'local'`;

/** Of all, and of the unit that is vouched for here. */
const VOUCHED = `SELECT FROM cache_guard AS whole, cache_units AS part
  WHERE unit = 0 AND whole.quiet IS NOT NULL AND part.quiet IS NOT NULL`;

/** What is done while the guard's row is held, as a registration does that waits; `before` is done just before. */
async function whileHeld(before: string, work: () => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: pair.primary.url });
  await holder.connect();
  try {
    await holder.query(`${before}; BEGIN; SELECT FROM cache_guard FOR UPDATE`);
    await work();
  } finally {
    await holder.end();
  }
}

/** Those of them that keep a key; jobs commit as well, and wait as well. */
const keyedWaiting = (): Promise<unknown[]> =>
  byHand(
    `SELECT DISTINCT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
     WHERE wait_event = 'SyncRep' AND relation = 'idempotency_keys'::regclass`,
  );

const codeOf = ({ status, body }: Reply): string => (status < 300 ? 'ok' : (body as unknown as { code: string }).code);
const names = async (prefix: string): Promise<string[]> => {
  const query = `prefix=${encodeURIComponent(prefix)}`;
  const { body } = await calls.call<{ data?: { name: string }[] }>('GET', `/v1/counters?${query}`);
  return (body.data ?? []).map(({ name }) => name);
};

/** Whether each strong read of a while is answered. */
async function isToldThroughout(ms: number): Promise<boolean> {
  for (const endMs = performance.now() + ms; performance.now() < endMs;) {
    if (codeOf(await calls.read('there before', '?consistency=strong')) !== 'ok') return false;
  }
  return true;
}

describe.each<[string, () => Promise<unknown>]>([
  ['is cancelled', toAllThatWait('pg_cancel_backend')],
  ['ends with its session', toAllThatWait('pg_terminate_backend')],
  ['ends with a restart of the primary', () => pair.primary.restartImmediately()],
])('a write whose wait for the standby %s', (how, end) => {
  it('is answered, replayed and read only once the standby has it', async () => {
    const [added, set, keys] = [`added, ${how}`, `set, ${how}`, [randomUUID(), randomUUID()] as const];
    const write = (): Promise<Reply[]> =>
      Promise.all([calls.increment(added, 1, { key: keys[0] }), calls.set(set, { value: 1 }, { key: keys[1] })]);
    await eventually(async () => codeOf(await calls.increment('before')) === 'ok');

    await pair.standby.freeze();
    const writing = write();
    await eventually(async () => (await keyedWaiting()).length === 2);
    await end();
    expect((await writing).map(codeOf)).toEqual(['outcome_unknown', 'outcome_unknown']);

    // It is there, on this server only.
    await eventually(async () => (await byHand(`SELECT FROM counters WHERE name = '${added}'`)).length === 1);
    for (const replay of await write())
      expect(['unavailable', 'outcome_unknown', 'in_progress']).toContain(codeOf(replay));
    for (const name of [added, set]) {
      expect(codeOf(await calls.read(name))).toBe('unavailable');
      expect(codeOf(await calls.read(name, '?consistency=strong'))).toBe('unavailable');
      expect(await names(name)).toEqual([]);
    }

    await pair.standby.thaw();
    await eventually(async () => (await write()).every((replay) => codeOf(replay) === 'ok'));
    for (const name of [added, set]) {
      expect((await calls.read(name)).body).toMatchObject({ value: 1, version: 1 });
      expect(await names(name)).toEqual([name]);
    }
  });
});

describe('while the standby is away', () => {
  it('few sessions wait for it, however many writes are tried, and what was there before is read', async () => {
    await eventually(async () => codeOf(await calls.increment('there before')) === 'ok');
    // Of what waited in the cases above nothing is in doubt any more: its sessions are gone, and a read looked behind them.
    await eventually(async () => (await ofApp(`state <> 'idle'`)).length === 0);
    expect((await calls.read('there before', '?consistency=strong')).body.value).toBe(1);
    await pair.standby.freeze();
    await byHand(NOBODY_VOUCHES);
    for (let round = 0; round < ROUNDS; round += 1) {
      const tried = await Promise.all([
        calls.increment(`added in ${round}`, 1, { key: randomUUID() }),
        calls.increment(`added in ${round}, too`),
        calls.set(`set in ${round}`, { value: 1 }),
      ]);
      for (const reply of tried) expect(['unavailable', 'outcome_unknown']).toContain(codeOf(reply));
    }
    // What is told of the outage is tried again each second, and holds no row for which the next try would wait.
    const told = {
      kind: 'cache.cold',
      instance: 'a test',
      detail: {},
      at: new Date().toISOString(),
      once: null,
    } as const;
    const log = app.nest.get(HappeningLog);
    for (let round = 0; round < 2 * ROUNDS; round += 1) await expect(log.add([told])).rejects.toThrow();
    expect((await waiting()).length).toBeLessThanOrEqual(MAX_WAITING);
    // A Redis that is late would have to be registered, which is a commit too: it is, for as long as somebody waits for it.
    await servers.redis.freeze();
    await eventually(async () => codeOf(await calls.read('there before', '?consistency=strong')) === 'unavailable');
    await servers.redis.thaw();
    await eventually(() => isToldThroughout(8 * PERMISSION_MS));
    await eventually(async () => (await calls.read('there before', '?consistency=strong')).body.value === 1);
  });

  it('that nobody is blind is vouched for without waiting for it, nor for whoever holds the row and waits', async () => {
    const guard = app.nest.get(GuardRow);
    const vouch = async (): Promise<void> => {
      const { database, period, units } = await guard.readUnits();
      await guard.vouch({ period }, database);
      await guard.units.of(0).vouch(units[0] ?? { period }, database);
    };
    await eventually(async () => (await waiting()).length === 0);
    await pair.standby.freeze();
    await byHand(NOBODY_VOUCHES);
    await eventually(async () => {
      await vouch();
      return (await byHand(VOUCHED)).length === 1;
    });

    await whileHeld(`BEGIN; ${NOBODY_VOUCHES}; COMMIT`, vouch);
  });

  it('an answer that could not be published at once is told as soon as it is, also behind who holds the row', async () => {
    const waitsForRow = async (): Promise<boolean> =>
      (await ofApp(`wait_event_type = 'Lock' AND query LIKE 'UPDATE cache_guard%'`)).length > 0;
    const publishing = async (): Promise<boolean> => {
      await eventually(async () => !(await waitsForRow()));
      let isBack = false;
      const publish = (): Promise<boolean> => (isBack ? Promise.resolve(true) : Promise.reject(new CacheUnavailable()));
      const [told] = await Promise.all([
        app.nest.get(CacheGuard).withClearance(0, publish),
        eventually(waitsForRow).then(() => (isBack = true)),
      ]);
      return told === true && !(await waitsForRow());
    };
    await whileHeld('', () => eventually(publishing));
  });

  it('writes get through again as soon as it is back', async () => {
    await eventually(async () => codeOf(await calls.increment('there after')) === 'ok');
    // A commit of its jobs may be on its way; none is left behind.
    await eventually(async () => (await waiting()).length === 0);
  });
});

it('who only looked whether others wait for the standby, and was not answered, leaves no doubt behind', async () => {
  const url = new URL(pair.primary.url);
  const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const pool = poolOf(url.href, 1, { query_timeout: 1_000 });
  try {
    const replication = new Replication(pool);
    replication.watch(pool);
    const commit = () => replication.commit(pool, (client) => client.query(`SELECT ${LOGGED}`));
    await commit();
    await replication.confirm();

    await pair.standby.freeze();
    await expect(commit()).rejects.toThrow();
    // Nobody sees what that one wrote.
    await replication.confirm();

    await proxy.setMode({ kind: 'silent' });
    await expect(commit()).rejects.toThrow();
    await proxy.setMode({ kind: 'pass' });
    await eventually(() => pool.query('SELECT').then(() => true));
    await replication.confirm();
  } finally {
    await pool.end();
    await proxy.close();
  }
});
