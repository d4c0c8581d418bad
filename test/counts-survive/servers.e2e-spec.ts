import { access } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { identityOf } from '../../src/embedded/process-identity.js';
import { startPostgres, startRedis, type TestPostgres, type TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

/** Long against what an answer takes, short against a test. */
const SILENCE_MS = 300;

const clients: (pg.Client | Redis)[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    if (client instanceof Redis) client.disconnect();
    else await client.end();
  }
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const count = async (url: string) =>
  (await (await connected(url)).query<{ n: number }>('SELECT n FROM kept')).rows.map((row) => row.n);

function redisClient(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const silence = <T>(answer: Promise<T>) =>
  Promise.race([answer, new Promise<'silence'>((resolve) => setTimeout(() => resolve('silence'), SILENCE_MS))]);

describe('a Postgres of the tests', () => {
  let postgres: TestPostgres;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase('of "this" test');
    await (await connected(url)).query('CREATE TABLE kept AS SELECT 15 AS n');
  });

  afterAll(() => postgres.stop());

  it('dies whole, connections included, and comes back on its port with its data', async () => {
    const client = await connected(url);
    const cut = new Promise((resolve) => client.once('end', resolve));
    const before = postgres.pid();
    await postgres.kill();
    await cut;
    expect(identityOf(before)).toBeNull();
    await expect(connected(url)).rejects.toThrow(/ECONNREFUSED/);
    await postgres.restart();
    expect(postgres.pid()).not.toBe(before);
    await expect(count(url)).resolves.toEqual([15]);
  });

  it('recovers from its log after an immediate shutdown', async () => {
    await (await connected(url)).query('UPDATE kept SET n = 16');
    await postgres.restartImmediately();
    await expect(count(url)).resolves.toEqual([16]);
    await (await connected(url)).query('UPDATE kept SET n = 15');
  });

  it('is silent while frozen and answers when thawed', async () => {
    const client = await connected(url);
    await postgres.freeze();
    const answer = client.query('SELECT n FROM kept');
    await expect(silence(answer)).resolves.toBe('silence');
    await postgres.thaw();
    await expect(answer).resolves.toMatchObject({ rows: [{ n: 15 }] });
  });
});

describe('a Redis of the tests', () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis({ settings: ['maxmemory 50mb'], files: { note: 'kept' } });
  });

  afterAll(() => redis.stop());

  it('dies and comes back empty, with its snapshot, or without it as asked', async () => {
    const client = redisClient(redis.url);
    await client.set('a', '10');
    await client.save();
    await client.set('a', '15');
    await redis.kill();
    await redis.restart();
    await expect(redisClient(redis.url).get('a')).resolves.toBe('10');
    await redis.restart({ empty: true });
    await expect(redisClient(redis.url).get('a')).resolves.toBeNull();
    await access(`${redis.dir}/note`);
  });

  it('takes settings', async () => {
    await expect(redisClient(redis.url).config('GET', 'maxmemory')).resolves.toEqual([
      'maxmemory',
      String(50 * 2 ** 20),
    ]);
  });

  it('is silent while frozen and answers when thawed', async () => {
    const client = redisClient(redis.url);
    await client.ping();
    await redis.freeze();
    const answer = client.ping();
    await expect(silence(answer)).resolves.toBe('silence');
    await redis.thaw();
    await expect(answer).resolves.toBe('PONG');
  });
});

describe('the Postgres that test files share', () => {
  it('gives each an own, empty database on one server', async () => {
    const [one, other] = [await createTestDatabase(), await createTestDatabase()];
    expect(new URL(one).port).toBe(new URL(other).port);
    expect(one).not.toBe(other);
    await (await connected(one)).query('CREATE TABLE kept AS SELECT 1 AS n');
    await expect(count(other)).rejects.toThrow('relation "kept" does not exist');
  });
});
