/**
 * A watch fires once for what was so once, and tells of it once, whatever ends in the middle of it: the service, Redis, or
 * Postgres, which another one takes over from.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withReceiver } from '../support/receiver.js';
import { withRedis } from '../support/service.js';
import { bothHosts, type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';

const servers = withRedis();
const receiver = withReceiver();
let pair: PrimaryWithStandby;
/** The one that takes writes now. */
let database: { readonly url: string };
let app: AppProcess;
let calls: CounterCalls;
let watchId: string;

/** Above it the watch fires. */
const LIMIT = 100;
const PATH = '/hook';

async function start(): Promise<void> {
  app = await startAppProcess({
    databaseUrl: bothHosts(pair),
    redisUrl: servers.redis.url,
    env: { WEBHOOK_ALLOW: '127.0.0.1' },
  });
  calls = new CounterCalls(app.url);
}

beforeAll(async () => {
  pair = await startPrimaryWithStandby({ synchronous: true });
  database = pair.primary;
  await start();
  const hook = await calls.call<{ id: string }>('POST', '/v1/webhooks', { url: receiver.url(PATH) });
  const wish = { prefix: 'watched:', when: { above: LIMIT }, notify: [hook.body.id] };
  watchId = (await calls.call<{ id: string }>('POST', '/v1/watches', wish)).body.id;
});
afterAll(async () => {
  await app.stop();
  await pair.stop();
});

async function inDatabase<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url });
  // The server may be killed under it.
  client.on('error', () => undefined);
  await client.connect();
  return work(client).finally(() => client.end());
}

const countOf = (text: string, values: readonly unknown[]) =>
  inDatabase(async (client) => (await client.query(text, [...values])).rowCount ?? 0);

const firings = (name: string) =>
  countOf(`SELECT FROM watch_turns WHERE watch_id = $1 AND name = $2 AND to_state = 'firing'`, [watchId, name]);

/** Written down to be told, whether it was or not. */
const messages = (name: string) =>
  countOf(`SELECT FROM webhook_deliveries WHERE type = 'watch.firing' AND body::jsonb #>> '{data,counter}' = $1`, [
    name,
  ]);

/** By their ids: the same one may come twice, where nobody knows whether it came. */
const told = (name: string): Set<unknown> =>
  new Set(
    receiver
      .at(PATH)
      .filter(({ body }) => body.includes('"watch.firing"') && body.includes(JSON.stringify(name)))
      .map(({ headers }) => headers['webhook-id']),
  );

let named = 0;

/** A counter that the watch knows, and finds to be as it should. */
async function wellBehaved(): Promise<string> {
  const name = `watched:${(named += 1)}`;
  await acknowledged(name, LIMIT);
  await eventually(
    async () =>
      (await countOf(`SELECT FROM watch_states WHERE watch_id = $1 AND name = $2 AND state = 'ok'`, [
        watchId,
        name,
      ])) === 1,
  );
  return name;
}

/** With a key, so that it counts once however often it has to be said. */
async function acknowledged(name: string, by: number): Promise<void> {
  const key = `${name} by ${by}`;
  await eventually(async () => (await calls.increment(name, by, { key })).status === 200);
}

/**
 * Holds a look up where it has decided that a watch fires, has written half of that, and is about to write when it did and
 * what is to be told; calls `meanwhile`, and lets go.
 */
async function inTheMiddle(name: string, meanwhile: () => Promise<unknown>): Promise<void> {
  await inDatabase(async (client) => {
    await client.query('BEGIN');
    await client.query('LOCK TABLE watch_turns IN SHARE MODE');
    await acknowledged(name, 1);
    // Asked by another session: within a transaction the answer stays what it was.
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO watch_turns%'`;
    await eventually(async () => (await countOf(waiting, [])) === 1);
    await meanwhile();
    await client.query('ROLLBACK').catch(() => undefined);
  });
}

/** Whoever reads the log past what another counter did later has read all that was before it. */
async function expectOnce(name: string): Promise<void> {
  await eventually(() => told(name).size > 0);
  const later = await wellBehaved();
  await acknowledged(later, 1);
  await eventually(() => told(later).size > 0);
  expect({ firings: await firings(name), messages: await messages(name), told: told(name).size }).toEqual({
    firings: 1,
    messages: 1,
    told: 1,
  });
}

let name: string;
beforeEach(async () => {
  name = await wellBehaved();
});

it('the service is killed in the middle of a look, and before the look at what came meanwhile', async () => {
  const other = await wellBehaved();
  await inTheMiddle(name, async () => {
    await acknowledged(other, 1);
    await app.kill();
  });
  // Nothing of it is there: it was decided, and not committed.
  expect([await firings(name), await firings(other)]).toEqual([0, 0]);
  await start();
  await expectOnce(name);
  await expectOnce(other);
});

it('Redis is flushed before a look, in the middle of it, and after it', async () => {
  const redis = new Redis(servers.redis.url);
  try {
    await redis.flushall();
    await inTheMiddle(name, () => redis.flushall());
    await eventually(async () => (await firings(name)) === 1);
    await redis.flushall();
    await expectOnce(name);
  } finally {
    redis.disconnect();
  }
});

it('Postgres crashes in the middle of a look', async () => {
  await inTheMiddle(name, () => pair.primary.restartImmediately());
  await expectOnce(name);
});

it('Postgres is killed while a firing waits for a standby that has lost touch, and another one takes over', async () => {
  // What was acknowledged is on the standby; that it fires is not, although the primary has written it.
  await inTheMiddle(name, async () => {
    await pair.standby.cutOff();
  });
  await eventually(async () => {
    const waiting = await countOf(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`, []);
    return waiting > 0;
  });
  await pair.primary.kill();
  await pair.standby.promote();
  database = pair.standby;
  await expectOnce(name);
  // Written before, and still once.
  for (const each of ['watched:1', 'watched:2']) expect([await firings(each), await messages(each)]).toEqual([1, 1]);
});
