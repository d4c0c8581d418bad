import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { startApp } from './support/app.js';
import { CounterCalls } from './support/counter-calls.js';
import { eventually } from './support/eventually.js';
import { startRedis, type TestRedis } from './support/servers.js';
import { createTestDatabase } from './support/shared-postgres.js';

jest.setTimeout(60_000);

/** As docs/deployment.md says. A managed Redis denies the dangerous commands, CONFIG among them, to everybody. */
const USER =
  'user evercount on >password ~ec:* ~evercount:* ~{evercount}:* resetchannels &evercount:* +@all -@dangerous +info';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis({ settings: [USER] });
});
afterAll(() => redis.stop());

/** The service writes, and comes to read from the cache. */
async function cachesWith(databaseUrl: string, redisUrl: string, env: Record<string, string> = {}): Promise<string[]> {
  const app = await startApp({ databaseUrl, redisUrl, env });
  try {
    const calls = new CounterCalls(app.url);
    expect((await calls.increment('a')).status).toBe(200);
    await eventually(async () => (await calls.read('a')).headers.get('cache-status') === 'evercount; hit');
    const jobs = await calls.call<{ job: { id: string } }>('POST', '/v1/admin/cache/reconcile');
    expect(jobs.status).toBe(202);
    await eventually(async () => {
      const { body } = await calls.call<{ job: { state: string } }>('GET', `/v1/admin/jobs/${jobs.body.job.id}`);
      return body.job.state === 'completed';
    });
    expect((await calls.call('POST', '/v1/admin/cache/flush')).status).toBe(200);
    return app.log.filter((line) => line.includes('NOPERM'));
  } finally {
    await app.stop();
  }
}

it('a user of Redis with no dangerous command but INFO is enough', async () => {
  const url = new URL(redis.url);
  url.username = 'evercount';
  url.password = 'password';
  expect(await cachesWith(await createTestDatabase(), url.href)).toEqual([]);
});

it('a role of Postgres without any right to change the schema is enough, where another one migrates', async () => {
  const databaseUrl = await createTestDatabase();
  const role = `serves_${Date.now()}`;
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  try {
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'password'`);
    await owner.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await owner.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
    await owner.query(
      `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
    );
    const url = new URL(databaseUrl);
    url.username = role;
    url.password = 'password';
    await cachesWith(url.href, redis.url, { MIGRATIONS_DATABASE_URL: databaseUrl });
    const serving = new pg.Client({ connectionString: url.href });
    await serving.connect();
    await expect(serving.query('CREATE TABLE mine ()')).rejects.toThrow(/permission denied/);
    await serving.end();
  } finally {
    await owner.end();
  }
});
