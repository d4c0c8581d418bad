/** What was told to have ended stays ended, and what has ended is told by nobody, whatever clocks and processes do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findPostgres } from '../../src/embedded/postgres-programs.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { type CounterBody, CounterCalls } from '../support/counter-calls.js';
import { EndingsWatch } from '../support/endings-watch.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { newCluster, startPostgresOn, type TestPostgres } from '../support/servers.js';
import { withRedis } from '../support/service.js';

const servers = withRedis({
  ending: async () => {
    for (const app of apps) await app.stop();
    const pid = postgres.pid();
    await postgres.stop();
    await FakeClock.sweep(pid);
  },
});
let clock: FakeClock;
let postgres: TestPostgres;
let apps: AppProcess[];
let calls: CounterCalls[];

beforeAll(async () => {
  clock = await FakeClock.off('+0s');
  postgres = await startPostgresOn(await newCluster(await clock.around(findPostgres(null))), []);
  const start = (): Promise<AppProcess> => startAppProcess({ databaseUrl: postgres.url, redisUrl: servers.redis.url });
  apps = [await start(), await start()];
  calls = apps.map(({ url }) => new CounterCalls(url));
});

const callsTo = (index: number): CounterCalls => calls[index] ?? new CounterCalls('');
const expiring = async (name: string, ttlMs: number): Promise<void> => {
  await callsTo(0).call('POST', `/v1/counters/${name}/increment`, { ttlMs });
};
const untilHit = (name: string): Promise<void> =>
  eventually(async () => (await callsTo(0).read(name)).headers.get('cache-status') === 'evercount; hit');

it('a clock that jumps ahead ends counters, entries and all', async () => {
  await expiring('ahead', 3_600_000);
  await untilHit('ahead');
  await clock.set('+2h');
  const jumpedAtMs = performance.now();
  await eventually(async () => (await callsTo(0).read('ahead')).status === 404);
  expect(performance.now() - jumpedAtMs).toBeLessThan(2_000);
  expect((await callsTo(1).read('ahead', '?consistency=strong')).status).toBe(404);
});

it('a clock that is set back brings nothing back', async () => {
  await expiring('back', 200);
  await eventually(async () => (await callsTo(1).read('back')).status === 404);
  await clock.set('-1h');
  for (const call of calls) {
    expect((await call.read('back')).status).toBe(404);
    expect((await call.read('back', '?consistency=strong')).status).toBe(404);
  }
  // Absent at version 2, and so it begins anew at 3.
  expect((await callsTo(0).increment('back')).body).toMatchObject({ value: 1, version: 3, expiresAt: null });
});

it('a process that is frozen while its counters end shows none of them afterwards', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `frozen:${index}`);
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(names.map((name) => expiring(name, 700)));
    // In the midst of reads and fills.
    const reading = Promise.all(names.flatMap((name) => [callsTo(1).read(name), callsTo(1).read(name)]));
    await apps[1]?.freeze();
    await eventually(async () => (await callsTo(0).read(names[39] ?? '')).status === 404);
    await eventually(async () => (await callsTo(0).read(names[0] ?? '')).status === 404);
    apps[1]?.thaw();
    await reading;
    const states = await Promise.all(names.flatMap((name) => calls.map((call) => call.read(name))));
    expect(new Set(states.map(({ status }) => status))).toEqual(new Set([404]));
  }
});

it('a version has one meaning, and what was told as ended stays so, through all of it', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `chaos:${index}`);
  const untilMs = performance.now() + 15_000;
  const watch = new EndingsWatch();
  const work = async (name: string, worker: number): Promise<void> => {
    while (performance.now() < untilMs) {
      const call = callsTo(worker % 2);
      const floor = watch.floorOf(name);
      const ttlMs = 1 + Math.floor(Math.random() * 300);
      const { status, body } =
        worker < 2
          ? await call.call<CounterBody>('POST', `/v1/counters/${name}/increment`, { ttlMs, expiry: 'ifNone' })
          : await call.read(name, worker < 4 ? '?consistency=strong' : '');
      if (status === 404) watch.sawNone(name, floor);
      else if (status === 200) watch.sawCounter(body, floor);
    }
  };
  const flushes = new Redis(servers.redis.url);
  const disturb = async (): Promise<void> => {
    for (let round = 0; performance.now() < untilMs - 2_000; round += 1) {
      await flushes.flushall();
      await clock.set(`${(round % 3) - 1}s`.replace(/^(?=\d)/, '+'));
      await apps[round % 2]?.freeze();
      await sleep(Math.random() * 200);
      apps[round % 2]?.thaw();
      await sleep(Math.random() * 300);
    }
  };
  const workers = names.flatMap((name) => Array.from({ length: 8 }, (_, worker) => work(name, worker)));
  await Promise.all([disturb(), ...workers]).finally(() => flushes.disconnect());
  expect(watch.faults).toEqual([]);
  expect(watch.ends).toBeGreaterThan(100);
});

it('a process that is killed leaves ends to the others, which write them down within a second', async () => {
  await expiring('orphan', 400);
  await apps[0]?.kill();
  const [{ url } = { url: '' }] = apps.slice(1);
  const list = async (): Promise<string> =>
    (await new CounterCalls(url).call('GET', '/v1/counters?prefix=orphan')).text;
  await eventually(async () => (await list()).includes('"data":[]'));
  expect((await new CounterCalls(url).increment('orphan')).body).toMatchObject({ value: 1, version: 3 });
});
