/** Starting and ending the service, as far as the jobs have a say in it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const EXIT_CONFIG = 78;

let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = await createTestDatabase();
});

const servers: TestRedis[] = [];
const redisWith = async (...settings: string[]): Promise<TestRedis> => {
  const redis = await startRedis({ settings });
  servers.push(redis);
  return redis;
};
afterAll(() => Promise.all(servers.map((server) => server.stop())));

it.each([
  ['there', () => Promise.resolve()],
  ['killed', (redis: TestRedis) => redis.kill()],
  ['frozen', (redis: TestRedis) => redis.freeze()],
])('with Redis %s a shutdown ends in order within 10 s, while jobs run', async (_, lose) => {
  const redis = await redisWith();
  const env = { RECONCILE_INTERVAL_MS: '100' };
  const app = await startAppProcess({ databaseUrl, redisUrl: redis.url, env });
  const calls = new CounterCalls(app.url);
  await eventually(async () => {
    const { body } = await calls.call<{ lastReconcile: unknown }>('GET', '/v1/admin/cache');
    return body.lastReconcile !== null;
  });
  await lose(redis);
  app.signal('SIGTERM');
  // A service that needs longer ends with code 1 by itself.
  expect({ ...(await app.exited), log: app.log().at(-1)?.msg }).toEqual({ code: 0, signal: null, log: 'shut down' });
  await redis.thaw();
});

it('a shutdown within the first moments, before Redis was ever reached, ends in order too', async () => {
  const redis = await redisWith();
  await redis.kill();
  const app = await startAppProcess({ databaseUrl, redisUrl: redis.url });
  app.signal('SIGTERM');
  expect(await app.exited).toEqual({ code: 0, signal: null });
});

it.each(['allkeys-lru', 'allkeys-random'])('a Redis that may evict jobs is refused: %s', async (policy) => {
  const redis = await redisWith(`maxmemory-policy ${policy}`);
  const told = new RegExp(`exit code ${EXIT_CONFIG}.*maxmemory-policy ${policy}.*noeviction.*JOBS_REDIS_URL`, 's');
  await expect(startAppProcess({ databaseUrl, redisUrl: redis.url })).rejects.toThrow(told);
});

it('a Redis that may evict entries alone is warned of, unless the jobs have their own', async () => {
  const redis = await redisWith('maxmemory-policy volatile-lru');
  const ofJobs = await redisWith();
  const warningsOf = async (env: Record<string, string>) => {
    const app = await startAppProcess({ databaseUrl, redisUrl: redis.url, env });
    const calls = new CounterCalls(app.url);
    await eventually(async () => {
      const { body } = await calls.call<{ queue: { state: string } }>('GET', '/v1/admin/cache');
      return body.queue.state === 'up';
    });
    await app.stop();
    return app.log().filter(({ level, msg }) => level === 'warn' && String(msg).includes('maxmemory-policy')).length;
  };
  expect(await warningsOf({})).toBe(1);
  expect(await warningsOf({ JOBS_REDIS_URL: ofJobs.url })).toBe(0);
});
