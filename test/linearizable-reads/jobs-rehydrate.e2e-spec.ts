/** A cache that turned cold is filled before anybody has to read it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SURGE } from '../../src/counters/reads/fill-ahead.js';
import { type RehydrateProgress, Rehydrator, type RehydrateReport } from '../../src/counters/upkeep/rehydrator.js';
import { freePort } from '../../src/embedded/free-port.js';
import { CounterReader } from '../../src/store/counter-reader.js';
import { startApp, type TestApp } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { scrape } from '../support/scrape.js';
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

const ALL = Array.from({ length: COUNTERS }, (_, index) => nameOf(index));
const keysOf = (names: readonly string[]) => names.map((name) => `ec:${name}`);

const entriesIn = async (hand: CacheHand, names: readonly string[] = ALL) => {
  const values = await hand.redis.mget(keysOf(names));
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
    app = await startApp({ ...servers.urls, inside: true });
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

  it('asks Postgres for what is missing, and for nothing else', async () => {
    const rehydrator = app.nest.get(Rehydrator, { strict: false });
    await eventually(async () => (await rehydrator.runOnce(COUNTERS)).filled === 0);
    const reader = app.nest.get<CounterReader>(CounterReader, { strict: false });
    const readMany = reader.readMany.bind(reader);
    let asked = 0;
    reader.readMany = (names) => {
      asked += names.length;
      return readMany(names);
    };
    const lost = ALL.slice(0, 20);
    await hand.redis.del(keysOf(lost));
    await rehydrator.runOnce(COUNTERS);
    reader.readMany = readMany;
    expect([await entriesIn(hand), asked]).toEqual([COUNTERS, lost.length]);
  });

  it('fills all that there is where that is asked for, and looks at every name for it', async () => {
    const last = nameOf(COUNTERS - 1);
    await calls.increment('gone');
    await calls.call('DELETE', '/v1/counters/gone');
    await hand.redis.del(keysOf(ALL));
    const filledBefore = (await scrape(app.url)).get('evercount_rehydrated_total') ?? 0;
    expect((await calls.call('POST', '/v1/admin/cache/rehydrate?all=yes')).status).toBe(400);
    const { status, headers } = await calls.call('POST', '/v1/admin/cache/rehydrate?all=true');
    expect(status).toBe(202);
    const path = headers.get('location') ?? '';
    await eventually(async () => {
      const { body } = await calls.call<{ job: { kind: string; result: RehydrateReport | null } }>('GET', path);
      if (body.job.result === null) return false;
      expect(body.job).toMatchObject({ kind: 'rehydrate-all', result: { names: COUNTERS, complete: true } });
      return true;
    });
    expect((await scrape(app.url)).get('evercount_rehydrated_total')).toBeGreaterThanOrEqual(filledBefore + COUNTERS);
    expect([await entriesIn(hand), (await calls.read(last)).headers.get('cache-status')]).toEqual([
      COUNTERS,
      'evercount; hit',
    ]);
  });

  it('what was read lately comes back as soon as a part of it is missed, and nothing else does', async () => {
    const filledAhead = async () => (await scrape(app.url)).get('evercount_filled_ahead_total') ?? 0;
    // The last one of all was read by the tests before.
    const [unread, read] = [ALL.slice(0, -300), ALL.slice(-300)];
    const isHit = async (name: string) => (await calls.read(name)).headers.get('cache-status') === 'evercount; hit';
    // A machine may take longer for so many misses than a surge lasts, and a rehydration of before may be at it.
    await eventually(async () => {
      for (const name of read) await eventually(() => isHit(name));
      const filledBefore = await filledAhead();
      await hand.redis.del(keysOf(ALL));
      await Promise.all(read.slice(0, 3 * SURGE).map(isHit));
      await eventually(async () => (await entriesIn(hand, read)) === read.length, 2_000);
      return (await filledAhead()) > filledBefore && (await entriesIn(hand, unread)) === 0;
    });

    await hand.redis.del(keysOf(ALL));
    const [hot = ''] = read;
    for (let turn = 0; turn < 2 * SURGE; turn += 1) await calls.read(hot);
    expect(await entriesIn(hand)).toBe(1);
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
  const app = await startApp({
    databaseUrl: await createTestDatabase(),
    redisUrl: servers.redis.url,
    env,
    inside: true,
  });
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
