/** A cache that turned cold is filled before anybody has to read it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RehydrateProgress, Rehydrator } from '../../src/counters/upkeep/rehydrator.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startApp, type TestApp } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withServers } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

/** The sentinel tells of a flush within a second, then the job is taken up; with leave for a busy machine. */
const BEGUN_WITHIN_MS = 10_000;

const COUNTERS = 1_200;
const nameOf = (index: number) => `hot/${index}`;

const servers = withServers();

async function incrementAll(calls: CounterCalls): Promise<void> {
  for (let start = 0; start < COUNTERS; start += 600) {
    const increments = Array.from({ length: 600 }, (_, index) => ({ name: nameOf(start + index) }));
    expect((await calls.batch({ increments })).status).toBe(200);
  }
}

/** Until the guard lets the cache be used, and took notice that it was cold. */
const untilWarm = (calls: CounterCalls) =>
  eventually(async () => {
    const { body } = await calls.call<{ permission: boolean; sentinel: boolean }>('GET', '/v1/admin/cache');
    return body.permission && body.sentinel;
  });

const entriesIn = async (hand: CacheHand) => {
  const values = await hand.redis.mget(Array.from({ length: COUNTERS }, (_, index) => `ec:${nameOf(index)}`));
  return values.filter((value) => value?.startsWith('E')).length;
};

async function expectFilled(calls: CounterCalls, hand: CacheHand, value: number): Promise<void> {
  await eventually(async () => (await entriesIn(hand)) > 0, BEGUN_WITHIN_MS);
  await eventually(async () => (await entriesIn(hand)) === COUNTERS);
  const read = await calls.read(nameOf(COUNTERS - 1));
  expect([read.headers.get('cache-status'), read.body.value]).toEqual(['evercount; hit', value]);
}

describe('with a queue', () => {
  let app: TestApp;
  let calls: CounterCalls;
  let hand: CacheHand;
  let value = 0;

  beforeAll(async () => {
    app = await startApp(servers.urls);
    calls = new CounterCalls(app.url);
    hand = new CacheHand(servers.redis.url);
    await incrementAll(calls);
    value += 1;
    await untilWarm(calls);
  });
  afterAll(async () => {
    hand.close();
    await app.stop();
  });

  it.each([
    ['FLUSHALL', () => hand.redis.flushall()],
    ['a Redis that is started empty', async () => (await servers.redis.kill(), servers.redis.restart({ empty: true }))],
  ])('after %s hot counters are hits again without being read', async (_, lose) => {
    await lose();
    await expectFilled(calls, hand, value);
  });

  it('tells how far it is, and takes no more than its limit', async () => {
    await hand.redis.flushall();
    const steps: RehydrateProgress[] = [];
    const rehydrator = app.nest.get(Rehydrator, { strict: false });
    const report = await rehydrator.runOnce(700, { progress: (step) => steps.push(step) });
    expect(report).toMatchObject({ names: 700, complete: true });
    expect(steps.map(({ names, done }) => [names, done])).toEqual([
      [700, 500],
      [700, 700],
    ]);
  });

  it('stops when it is told to', async () => {
    const rehydrator = app.nest.get(Rehydrator, { strict: false });
    const report = await rehydrator.runOnce(700, { signal: AbortSignal.abort() });
    expect(report).toMatchObject({ filled: 0, complete: false });
  });

  it('never brings back what was overtaken by a write meanwhile', async () => {
    await hand.redis.flushall();
    const written = new Map<string, number>();
    const overtaken = Array.from({ length: 200 }, (_, index) => nameOf(index));
    await Promise.all(
      overtaken.map(async (name) => {
        const { body } = await calls.increment(name);
        written.set(name, body.version);
        expect((await calls.read(name)).body.version).toBe(body.version);
      }),
    );
    // The others come by themselves; one that was written meanwhile may have to be read.
    await eventually(async () => (await entriesIn(hand)) >= COUNTERS - overtaken.length);
    for (const name of overtaken) expect((await calls.read(name)).body.version).toBe(written.get(name));
  });
});

it('an instance whose queue cannot be had fills the cache by itself', async () => {
  const env = { JOBS_REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
  const app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: servers.redis.url, env });
  const hand = new CacheHand(servers.redis.url);
  try {
    const calls = new CounterCalls(app.url);
    await incrementAll(calls);
    await untilWarm(calls);
    await hand.redis.flushall();
    await expectFilled(calls, hand, 1);
  } finally {
    hand.close();
    await app.stop();
  }
});
