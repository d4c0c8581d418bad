/** Another Postgres takes over: what was acknowledged is there, and nobody goes back to the one before. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { prepareDatabase } from '../../src/store/prepare-database.js';
import { routeOf } from '../../src/store/route.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import type { TestServer } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { bothHosts, type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const servers = withRedis();

let pair: PrimaryWithStandby;
let app: AppProcess | null = null;

beforeEach(async () => {
  pair = await startPrimaryWithStandby({ synchronous: true });
});
afterEach(async () => {
  await app?.stop();
  app = null;
  await pair.stop();
});

async function start(databaseUrl: string): Promise<CounterCalls> {
  app = await startAppProcess({ databaseUrl, redisUrl: servers.redis.url });
  return new CounterCalls(app.url);
}

async function ask<T extends pg.QueryResultRow>({ url }: Pick<TestServer, 'url'>, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Sessions of the service there, without those that only ask what the server is; nor commits that wait for a standby
 * that will never come, since Postgres does not notice that nobody waits for them any more.
 */
const sessionsOf = async (server: TestServer): Promise<number> => {
  const found = await ask(
    server,
    "SELECT FROM pg_stat_activity WHERE application_name = 'evercount' AND wait_event IS DISTINCT FROM 'SyncRep'",
  );
  return found.length;
};

const endSessionsOf = (server: TestServer, which = 'true'): Promise<unknown> =>
  ask(
    server,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evercount' AND ${which}`,
  );

/** Increments with keys, as a client does that must be counted exactly once. */
class Counting {
  acknowledged = 0;
  private sent = 0;

  constructor(private readonly calls: CounterCalls) {}

  /** One increment, until it is answered. */
  async once(): Promise<void> {
    const key = `key-${(this.sent += 1)}`;
    await eventually(async () => (await this.calls.increment('a', 1, { key })).status === 200, 30_000);
    this.acknowledged += 1;
  }

  async expectExact(): Promise<void> {
    const read = () => this.calls.read('a', '?consistency=strong');
    let answer = await read();
    // Somebody may be refused while sessions are made; nobody is told another value.
    await eventually(async () => answer.status !== 503 || (answer = await read()).status !== 503);
    expect(answer.body).toMatchObject({ value: this.acknowledged });
  }
}

describe('with all servers in DATABASE_URL', () => {
  it('writes where the primary is, and goes on by itself where a standby was promoted', async () => {
    const calls = await start(bothHosts(pair));
    const counting = new Counting(calls);
    for (let turn = 0; turn < 5; turn += 1) await counting.once();
    expect(await sessionsOf(pair.standby)).toBe(0);
    await pair.primary.kill();
    await eventually(async () => (await calls.increment('b')).status === 503);
    await pair.standby.promote();
    for (let turn = 0; turn < 5; turn += 1) await counting.once();
    await counting.expectExact();
  });

  it('never goes back to a primary that was replaced while it hung, not even where it is the only one left', async () => {
    const calls = await start(bothHosts(pair));
    const counting = new Counting(calls);
    await counting.once();
    await pair.primary.freeze();
    await pair.standby.promote();
    await counting.once();
    await pair.primary.thaw();
    // Sessions that were open before it hung are ended, and new ones are made with the other.
    await eventually(async () => (await sessionsOf(pair.primary)) === 0);
    for (let turn = 0; turn < 3; turn += 1) {
      await endSessionsOf(pair.standby);
      await counting.once();
    }
    expect(await ask(pair.primary, "SELECT value::int FROM counters WHERE name = 'a'")).toEqual([{ value: 1 }]);
    await counting.expectExact();

    await pair.standby.kill();
    await eventually(async () => (await calls.call('GET', '/readyz')).status === 503);
    for (let turn = 0; turn < 5; turn += 1) expect((await calls.increment('a')).status).toBe(503);
    expect(await sessionsOf(pair.primary)).toBe(0);
    await pair.standby.restart();
    await counting.once();
    await counting.expectExact();
  });

  it('ends sessions with a primary that hangs, once another one has taken over', async () => {
    const calls = await start(bothHosts(pair));
    const counting = new Counting(calls);
    await counting.once();
    await pair.primary.freeze();
    await pair.standby.promote();
    // Nothing was asked of the one that hangs, so nothing timed out.
    await eventually(async () => (await sessionsOf(pair.standby)) > 0);
    await counting.once();
    await counting.expectExact();
    await pair.primary.thaw();
  });
});

it('a session that breaks in its first moment fails whoever wanted it, and nothing else', async () => {
  const { Client, connectionString } = routeOf(bothHosts(pair));
  await eventually(async () => {
    const client = new Client({ connectionString });
    // A pool listens for errors only once it was handed the session.
    client.once('connect', () => client.connection.stream.destroy());
    // On a busy machine the primary may not have been found at the first try.
    return client.connect().then(
      () => false,
      (error: unknown) => error instanceof Error && error.message.startsWith('Connection terminated'),
    );
  });
});

describe('behind an address that moves', () => {
  let proxy: TcpProxy;

  beforeEach(async () => {
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: pair.primary.port });
  });
  afterEach(async () => {
    await app?.stop();
    app = null;
    await proxy.setMode({ kind: 'reset' });
    await proxy.close();
  });

  it('every session leaves the one before as soon as one of them finds another', async () => {
    const calls = await start(pair.primary.url.replace(/@.*?\//, `@127.0.0.1:${proxy.port}/`));
    const counting = new Counting(calls);
    await pair.waitForStandby(false);
    await counting.once();
    await pair.caughtUp();
    await pair.standby.promote();
    proxy.retarget({ host: '127.0.0.1', port: pair.standby.port });
    // The one before still takes writes, and only the guard's session happens to break.
    await endSessionsOf(pair.primary, "query LIKE '%cache_guard%'");
    await eventually(async () => (await sessionsOf(pair.primary)) === 0);
    await counting.once();
    expect(await ask(pair.primary, "SELECT value::int FROM counters WHERE name = 'a'")).toEqual([{ value: 1 }]);
    await counting.expectExact();
  });
});

describe('a start that finds no primary', () => {
  it('waits for one, a standby being none yet', async () => {
    const started = start(pair.standby.url);
    await pair.primary.kill();
    await pair.standby.promote();
    const calls = await started;
    expect((await calls.increment('a')).body.value).toBe(1);
  });

  it.each([
    ['one host', () => pair.standby.url, () => `no primary at 127.0.0.1:${pair.standby.port} (`],
    [
      'several',
      () => bothHosts(pair),
      () => `no primary at 127.0.0.1:${pair.standby.port}, 127.0.0.1:${pair.primary.port}`,
    ],
  ])('says in the end where there is none: %s', async (_, url, message) => {
    await pair.primary.kill();
    const settings = {
      url: url(),
      migrationsUrl: url(),
      migrateOnStart: true,
      pooler: null,
      poolSize: 5,
      readsPerSecond: 1,
      lanes: 1,
      buckets: null,
    };
    await expect(prepareDatabase(settings, 0)).rejects.toThrow(message());
  });
});
