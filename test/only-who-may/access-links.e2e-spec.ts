import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const DOCUMENTATION = new URL('../../docs/deployment.md', import.meta.url);
const SCRIPTS = new URL('../../node_modules/bullmq/dist/esm/scripts/', import.meta.url);

/** Those of BullMQ that a queue with schedules, retries and progress may run. */
const SCRIPTS_RUN =
  /^(add(Standard|Delayed)Job|addJobScheduler|extendLocks?|getCounts|getJobScheduler|getRanges|getState|isFinished|moveStalledJobsToWait|moveTo(Active|Delayed|Finished)|releaseLock|retryJob|saveStacktrace|updateJobScheduler|updateProgress)-\d+\.js$/;

/** What BullMQ and the client of Redis ask for beside the scripts. */
const BESIDE_SCRIPTS = ['bzpopmin', 'client|setname', 'eval', 'evalsha', 'info'];

/** The lines `ACL SETUSER` of the documentation, for the cache and for the jobs, as words. */
function documentedRights(): string[][] {
  const text = readFileSync(DOCUMENTATION, 'utf8').replace(/\n {2}(?=\+)/g, ' ');
  return [...text.matchAll(/^ACL SETUSER (evercount .+)$/gm)].map(([, words = '']) => words.split(' '));
}

/** What those scripts may call, also on ways that no test comes by. */
function commandsOfScripts(known: ReadonlySet<string>): Set<string> {
  const names = readdirSync(SCRIPTS).filter((name) => SCRIPTS_RUN.test(name));
  const words = names.flatMap((name) => [
    ...readFileSync(new URL(name, SCRIPTS), 'utf8').matchAll(/['"]([A-Z]{3,})['"]/g),
  ]);
  return new Set(words.map(([, word = '']) => word.toLowerCase()).filter((word) => known.has(word)));
}

const servers = withRedis({ ending: () => hand.disconnect() });
let hand: Redis;

beforeAll(() => {
  hand = new Redis(servers.redis.url);
});

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

describe('the user of Redis that the documentation describes', () => {
  let url: string;
  beforeAll(async () => {
    for (const words of documentedRights()) await hand.call('ACL', 'SETUSER', ...words);
    url = servers.redis.url.replace(`:${servers.redis.password}@`, 'evercount:password@');
  });

  it('may do all that the service does, jobs, limits and streams included', async () => {
    const env = { AUTH: 'off', RATE_LIMIT: 'on', RATE_LIMIT_PER_ADDRESS: '100', RECONCILE_INTERVAL_MS: '500' };
    const databaseUrl = await createTestDatabase();
    const other = await startApp({ databaseUrl, redisUrl: url, env });
    const end = new AbortController();
    try {
      const stream = await heldFetch(`${other.url}/v1/stream?prefix=`, { signal: end.signal });
      expect(stream.status).toBe(200);
      expect(await cachesWith(databaseUrl, url, env)).toEqual([]);
      // Limits were told: buckets that are not full again.
      await eventually(async () => {
        await Promise.all(Array.from({ length: 50 }, () => heldFetch(`${other.url}/v1/counters`)));
        return (await hand.keys('evercount:limit:*')).length > 0;
      });
    } finally {
      end.abort();
      await other.stop();
    }
    // Redis itself noted every command and key that it denied.
    expect(await hand.acl('LOG')).toEqual([]);
  });

  it('may do all that scripts of BullMQ may do, and nothing beside', async () => {
    const known = new Set(((await hand.call('COMMAND')) as [string][]).map(([name]) => name));
    const needed = [...commandsOfScripts(known), ...BESIDE_SCRIPTS].map((name) => `+${name}`);
    const [, jobs = []] = documentedRights();
    expect(jobs.filter((word) => word.startsWith('+'))).toEqual(needed.sort());
  });

  it.each([
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['CONFIG', 'GET', 'maxmemory'],
    ['DEBUG', 'SLEEP', '0'],
    ['KEYS', '*'],
    ['SHUTDOWN', 'NOSAVE'],
    ['REPLICAOF', 'NO', 'ONE'],
    ['ACL', 'WHOAMI'],
    ['GET', 'of somebody else'],
    ['PUBLISH', 'of somebody else', 'x'],
    ['EVAL', "return redis.call('FLUSHALL')", '0'],
  ])('may not %s', async (command, ...args) => {
    const client = new Redis(url, { enableReadyCheck: false });
    try {
      await expect(client.call(command, ...args)).rejects.toThrow(
        /NOPERM|can't run this command|no permission|not allowed/i,
      );
    } finally {
      client.disconnect();
    }
  });
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
    await cachesWith(url.href, servers.redis.url, { MIGRATIONS_DATABASE_URL: databaseUrl });
    const serving = new pg.Client({ connectionString: url.href });
    await serving.connect();
    await expect(serving.query('CREATE TABLE mine ()')).rejects.toThrow(/permission denied/);
    await serving.end();
  } finally {
    await owner.end();
  }
});
