/** Links to both servers over TLS: the right authority is needed, the right name, and a wrong one is told at once. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ConfigError } from '../../src/config/config.js';
import { prepareDatabase } from '../../src/store/prepare-database.js';
import { type LogLine, startApp, startAppProcess } from '../support/app.js';
import { ANOTHER_AUTHORITY, AUTHORITY, startTlsPostgres, startTlsRedis } from '../support/certificates.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestPostgres, type TestRedis } from '../support/servers.js';

/** Redis is given two seconds to come up before it is told that it cannot be used; and this machine is busy. */
const TOLD_WITHIN_MS = 20_000;

let postgres: TestPostgres;
let redis: TestRedis;
let plainRedis: TestRedis;

beforeAll(async () => {
  [postgres, redis, plainRedis] = await Promise.all([startTlsPostgres(), startTlsRedis(), startRedis()]);
});
afterAll(() => Promise.all([postgres.stop(), redis.stop(), plainRedis.stop()]));

const verified = (url: string, parameters: Readonly<Record<string, string>> = {}): string => {
  const parsed = new URL(url);
  for (const [name, value] of Object.entries({ sslmode: 'verify-full', ...parameters })) {
    parsed.searchParams.set(name, value);
  }
  return parsed.href;
};

/** The certificates name 127.0.0.1, and these servers listen there too. */
const byAnotherName = (url: string): string => url.replace('127.0.0.1', 'localhost');

const trusting = (authority: string) => ({ NODE_EXTRA_CA_CERTS: authority });

async function using<T>(
  app: { readonly url: string; stop(): Promise<unknown> },
  work: (calls: CounterCalls) => Promise<T>,
): Promise<T> {
  try {
    return await work(new CounterCalls(app.url));
  } finally {
    await app.stop();
  }
}

it('with the authority of both, everything goes over TLS: counts, cached reads, jobs', async () => {
  const databaseUrl = await postgres.createDatabase('trusted');
  const env = trusting(AUTHORITY);
  const app = await startAppProcess({ databaseUrl: verified(databaseUrl), redisUrl: redis.url, env });
  await using(app, async (calls) => {
    expect((await calls.increment('a')).status).toBe(200);
    await eventually(async () => (await calls.read('a')).headers.get('cache-status') === 'evercount; hit');
    const { body } = await calls.call<{ job: { id: string } }>('POST', '/v1/admin/cache/reconcile');
    await eventually(async () => {
      const { body: seen } = await calls.call<{ job: { state: string } }>('GET', `/v1/admin/jobs/${body.job.id}`);
      return seen.job.state === 'completed';
    });
    const hand = new pg.Client({ connectionString: postgres.url });
    await hand.connect();
    const { rows } = await hand.query<{ ssl: boolean }>(
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'evercount'",
    );
    await hand.end();
    expect(rows).toEqual([{ ssl: true }]);
  });
});

it('the authority of Postgres may stand in its URL', async () => {
  const databaseUrl = verified(await postgres.createDatabase('named'), { sslrootcert: AUTHORITY });
  const app = await startApp({ databaseUrl, redisUrl: plainRedis.url });
  await using(app, async (calls) => expect((await calls.increment('a')).status).toBe(200));
});

describe('one of several servers', () => {
  const among = (url: string): string => {
    const parsed = new URL(verified(url, { sslrootcert: AUTHORITY, target_session_attrs: 'read-write' }));
    // Nobody listens on the port before it.
    return parsed.href.replace(parsed.host, `${parsed.hostname}:1,${parsed.host}`);
  };
  const prepare = (url: string) =>
    prepareDatabase({
      url,
      migrationsUrl: url,
      migrateOnStart: true,
      pooler: null,
      poolSize: 5,
      readsPerSecond: 1,
      lanes: 1,
      buckets: null,
    });

  it('is held to the name it is listed by', async () => {
    const url = among(await postgres.createDatabase('listed'));
    await prepare(url);
    await expect(prepare(byAnotherName(byAnotherName(url)))).rejects.toThrow(/DATABASE_URL.*does not match/);
  });
});

describe('a Postgres that is not trusted', () => {
  it.each([
    ['for its authority', (url: string) => verified(url, { sslrootcert: ANOTHER_AUTHORITY }), 'certificate'],
    ['by whoever knows no private authority', (url: string) => verified(url), 'NODE_EXTRA_CA_CERTS'],
    ['for its name', (url: string) => byAnotherName(verified(url, { sslrootcert: AUTHORITY })), 'does not match'],
  ])('%s ends the start without another try, and says why', async (_, spoil, reason) => {
    const url = spoil(postgres.url);
    const start = prepareDatabase({
      url,
      migrationsUrl: url,
      migrateOnStart: true,
      pooler: null,
      poolSize: 5,
      readsPerSecond: 1,
      lanes: 1,
      buckets: null,
    });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(new RegExp(`DATABASE_URL.*${reason}`));
  });
});

describe('a Redis that is not trusted', () => {
  const isToldBy = (lines: readonly LogLine[], reason: string): boolean => {
    const reasonOf = (words: string) => lines.find(({ msg }) => msg?.includes(words))?.['reason'];
    return [reasonOf('the cache is not used'), reasonOf("the jobs' Redis")].every((text) =>
      String(text).includes(reason),
    );
  };

  const worksWithoutIt = async (calls: CounterCalls): Promise<void> => {
    await eventually(async () => (await calls.increment('a')).status === 200);
    const read = await calls.read('a');
    expect([read.body.value, read.headers.get('cache-status')]).toEqual([1, 'evercount; fwd=bypass']);
  };

  it('for its authority is not used, and the log says why', async () => {
    const databaseUrl = await postgres.createDatabase('without an authority');
    const app = await startApp({ databaseUrl, redisUrl: redis.url });
    await using(app, async (calls) => {
      const lines = () => app.log.map((line) => JSON.parse(line) as LogLine);
      await eventually(() => isToldBy(lines(), 'NODE_EXTRA_CA_CERTS'), TOLD_WITHIN_MS);
      await worksWithoutIt(calls);
    });
  });

  it('for its name is not used, and the log says why', async () => {
    const databaseUrl = await postgres.createDatabase('without a name');
    const env = trusting(AUTHORITY);
    const app = await startAppProcess({ databaseUrl, redisUrl: byAnotherName(redis.url), env });
    await using(app, async (calls) => {
      await eventually(() => isToldBy(app.log(), 'does not match'), TOLD_WITHIN_MS);
      await worksWithoutIt(calls);
    });
  });
});
