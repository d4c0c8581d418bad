/** The schedule of the jobs, which lives in a Redis that may vanish. */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { DatabaseClock } from '../../src/counters/database-clock.js';
import { Clock } from '../../src/counters/clock.js';
import { Home } from '../../src/cache/home.js';
import { JobQueue, QUEUE_NAME } from '../../src/jobs/job-queue.js';
import { QUEUE_PREFIX } from '../../src/config/redis-servers.js';
import { JobsRedis } from '../../src/jobs/jobs-redis.js';
import { JobKinds } from '../../src/jobs/kinds.js';
import { Schedule } from '../../src/jobs/schedule.js';
import { startApp, type TestApp } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** The promise: a flush that nobody noticed is mended by then. */
const BACK_WITHIN_MS = 30_000;

/** What is done again and again. */
const KINDS = ['clean-up', 'derive-history', 'prune-history', 'reconcile', 'roll-up-history'];

/** The sentinel tells of a flush within a second; with leave for a busy machine. */
const BACK_AT_ONCE_MS = 12_000;

/** A round of the watchdog, the longest silence of the worker, then the lock of the job that was under way. */
const AFTER_SILENCE_MS = 60_000;

const servers = withRedis({ ending: () => look.disconnect() });
let look: Redis;
const apps: TestApp[] = [];

const start = async (env: Record<string, string>, redisUrl = servers.redis.url): Promise<CounterCalls> => {
  const app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl, env });
  apps.push(app);
  return new CounterCalls(app.url);
};

interface AdminView {
  readonly queue: { readonly state: string; readonly schedules?: readonly { kind: string; everyMs: number }[] };
  readonly lastRehydrate: object | null;
  readonly lastReconcile: { readonly finishedAt: string; readonly report: { readonly wrong: number } } | null;
}
const adminOf = async (calls: CounterCalls) => (await calls.call<AdminView>('GET', '/v1/admin/cache')).body;
const lastRun = async (calls: CounterCalls) => (await adminOf(calls)).lastReconcile?.finishedAt ?? '';
const isScheduled = async () => (await look.exists(`${QUEUE_PREFIX}:${QUEUE_NAME}:repeat:reconcile`)) === 1;

beforeAll(() => {
  look = new Redis(servers.redis.url);
  look.on('error', () => undefined);
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await look.flushall();
});

const untilRunAfter = async (calls: CounterCalls, time: string, withinMs?: number) =>
  eventually(async () => (await lastRun(calls)) > time, withinMs);

it('comes back within 30 s after a flush that nobody noticed, and runs again', async () => {
  const ofCache = await startRedis();
  const calls = await start({ JOBS_REDIS_URL: servers.redis.url, RECONCILE_INTERVAL_MS: '500' }, ofCache.url);
  await untilRunAfter(calls, '');
  // Afterwards nothing but the watchdog's own rounds can find out.
  await eventually(async () => (await adminOf(calls)).lastRehydrate !== null);
  await look.flushall();
  expect(await isScheduled()).toBe(false);
  const flushedAt = new Date().toISOString();
  await eventually(isScheduled, BACK_WITHIN_MS);
  await untilRunAfter(calls, flushedAt);
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await ofCache.stop();
});

it('comes back at once after a flush of the Redis that it shares with the cache, and repairs again', async () => {
  const calls = await start({ RECONCILE_INTERVAL_MS: '500' });
  const hand = new CacheHand(servers.redis.url);
  const { body } = await calls.increment('a', 5);
  await untilRunAfter(calls, '');
  await look.flushall();
  await eventually(async () => (await calls.read('a')).headers.get('cache-status') === 'evercount; hit');
  await hand.plant('a', body.version, { ...body, value: 77 });
  await eventually(async () => (await calls.read('a')).body.value === 5, BACK_AT_ONCE_MS);
  hand.close();
});

it('goes on after Redis was killed and started empty', async () => {
  const calls = await start({ RECONCILE_INTERVAL_MS: '500' });
  await untilRunAfter(calls, '');
  await servers.redis.kill();
  await servers.redis.restart({ empty: true });
  await untilRunAfter(calls, new Date().toISOString());
});

it('takes a changed interval without losing a run', async () => {
  const first = await start({ RECONCILE_INTERVAL_MS: '86400000' });
  await eventually(isScheduled);
  expect((await adminOf(first)).queue.schedules).toContainEqual(expect.objectContaining({ everyMs: 86_400_000 }));
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  const second = await start({ RECONCILE_INTERVAL_MS: '300' });
  await untilRunAfter(second, new Date().toISOString());
});

describe('with eight instances at once', () => {
  it('there is one schedule, which keeps going', async () => {
    const where = { url: servers.redis.url, sentinel: null, cluster: null };
    const options = { removeOnComplete: true, removeOnFail: true };
    const kinds = new JobKinds(
      KINDS.map((name) => ({ name, everyMs: 60_000, options, runOnce: () => Promise.resolve({}) })),
    );
    const connections = Array.from({ length: 8 }, () => new JobsRedis(new Home(where, null, QUEUE_PREFIX)));
    const clock = new DatabaseClock(new Clock());
    clock.note(Date.now(), performance.now(), performance.now());
    const queues = connections.map((connection) => new JobQueue(connection));
    const schedules = queues.map((queue) => new Schedule(queue, kinds, clock));
    await eventually(() => connections.every((connection) => connection.isReady));
    for (const queue of queues) queue.open();
    for (let round = 0; round < 10; round += 1) await Promise.all(schedules.map((schedule) => schedule.keep()));
    const raw = new Queue(QUEUE_NAME, { connection: new Redis(servers.redis.url), prefix: QUEUE_PREFIX });
    const jobs = await raw.getJobs(['waiting', 'delayed', 'active']);
    expect(jobs.map((job) => job.name).sort()).toEqual(KINDS);
    expect((await raw.getJobSchedulers()).map(({ key }) => key).sort()).toEqual(KINDS);
    for (const schedule of schedules) expect(await schedule.keep()).toEqual([]);
    (await raw.getBackend().client).disconnect();
    for (const connection of connections) connection.close();
  });
});

it('what is done takes no more room with time', async () => {
  const calls = await start({ RECONCILE_INTERVAL_MS: '100' });
  const raw = new Queue(QUEUE_NAME, { connection: new Redis(servers.redis.url), prefix: QUEUE_PREFIX });
  const done = 'completed';
  await eventually(async () => (await raw.getJobCountByTypes(done)) >= 100, 120_000);
  const last = await lastRun(calls);
  await eventually(async () => Date.parse(await lastRun(calls)) > Date.parse(last) + 3_000);
  expect(await raw.getJobCountByTypes(done)).toBeLessThanOrEqual(100);
  // Redis trims a stream by whole nodes of a hundred.
  expect(await look.xlen(`${QUEUE_PREFIX}:${QUEUE_NAME}:events`)).toBeLessThan(400);
  expect((await look.keys(`${QUEUE_PREFIX}:*`)).length).toBeLessThan(150);
  (await raw.getBackend().client).disconnect();
});

it('a service that starts without its Redis serves, and the jobs come when Redis does', async () => {
  const late = await startRedis();
  await late.kill();
  const calls = await start({ JOBS_REDIS_URL: late.url, RECONCILE_INTERVAL_MS: '500' });
  expect((await calls.increment('a')).status).toBe(200);
  expect((await adminOf(calls)).queue).toEqual({ state: 'down' });
  await late.restart();
  await untilRunAfter(calls, '');
  expect((await adminOf(calls)).queue.state).toBe('up');
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await late.stop();
});

it('jobs go on after their connections fell silent without being closed', async () => {
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: servers.redis.port });
  const jobsUrl = servers.redis.url.replace(`:${servers.redis.port}`, `:${proxy.port}`);
  const calls = await start({ JOBS_REDIS_URL: jobsUrl, RECONCILE_INTERVAL_MS: '500' });
  await untilRunAfter(calls, '');
  await proxy.setMode({ kind: 'silent' });
  // By then each connection has lost bytes, that of the worker too, and will never speak again.
  await eventually(async () => Date.now() - Date.parse(await lastRun(calls)) > 5_000);
  await proxy.setMode({ kind: 'pass' });
  await untilRunAfter(calls, new Date().toISOString(), AFTER_SILENCE_MS);
  expect((await adminOf(calls)).queue.state).toBe('up');
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await proxy.close();
});
