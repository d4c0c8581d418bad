/** Nobody is served an old entry while some instance cannot bring the new one to the cache. */
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { passOn } from '../support/pass-on.js';
import { startRedis } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';

interface Pair {
  readonly databaseUrl: string;
  readonly first: AppProcess;
  readonly second: AppProcess;
}

const servers = withRedis();

const startPair = async (firstRedis: string, secondRedis: string): Promise<Pair> => {
  const databaseUrl = await createTestDatabase();
  const first = await startAppProcess({ databaseUrl, redisUrl: firstRedis });
  const second = await startAppProcess({ databaseUrl, redisUrl: secondRedis });
  return { databaseUrl, first, second };
};

const stopPair = async ({ first, second }: Pair): Promise<void> => {
  await Promise.all([first.stop(), second.stop()]);
};

describe('one instance is cut off from Redis, and the other is not', () => {
  let proxy: TcpProxy;
  let pair: Pair;

  beforeAll(async () => {
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: servers.redis.port });
    const around = new URL(servers.redis.url);
    around.port = String(proxy.port);
    pair = await startPair(around.href, servers.redis.url);
  });

  afterAll(async () => {
    await stopPair(pair);
    await proxy.close();
  });

  it.each([
    { kind: 'refuse' } as const,
    { kind: 'silent' } as const,
    { kind: 'half-open', lost: 'to client' } as const,
  ])('($kind): what it writes is what the other one reads, then and afterwards', async (mode) => {
    const name = `cut off, ${mode.kind}`;
    const [cut, whole] = [new CounterCalls(pair.first.url), new CounterCalls(pair.second.url)];
    const untilHit = (): Promise<void> =>
      eventually(async () => (await whole.read(name)).headers.get('cache-status') === 'evercount; hit');
    await cut.increment(name);
    await untilHit();

    await proxy.setMode(mode);
    const sources = await passOn(cut, whole, name, 4_000);
    expect(sources).toContain('evercount; fwd=bypass');

    await proxy.setMode({ kind: 'pass' });
    await untilHit();
    await passOn(cut, whole, name, 500);
  });
});

describe('two instances are given different Redis servers', () => {
  const other = withRedis({ ending: () => stopPair(pair) });
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair(servers.redis.url, other.redis.url);
  });

  it('both answer, neither serves what the other has overtaken, and the log says why', async () => {
    const [first, second] = [new CounterCalls(pair.first.url), new CounterCalls(pair.second.url)];
    expect((await passOn(first, second, 'split', 5_000)).length).toBeGreaterThan(0);
    expect((await passOn(second, first, 'split', 3_000)).length).toBeGreaterThan(0);
    await eventually(() =>
      [pair.first, pair.second].some((app) =>
        app.log().some(({ level, msg }) => level === 'error' && msg?.includes('another Redis') === true),
      ),
    );
  });
});

describe('Redis is made a replica of another one, and a primary again, under a connection that stays', () => {
  it('nothing old is served', async () => {
    const [own, other] = await Promise.all([startRedis(), startRedis()]);
    const pair = await startPair(own.url, own.url);
    const [first, second] = [new CounterCalls(pair.first.url), new CounterCalls(pair.second.url)];
    try {
      await passOn(first, second, 'replica', 1_500);
      const replicate = async (...args: [string, string]): Promise<void> => {
        const { Redis } = await import('ioredis');
        const client = new Redis(own.url);
        await client.config('SET', 'masterauth', other.password);
        await client.replicaof(...args);
        client.disconnect();
      };
      await replicate('127.0.0.1', String(other.port));
      await passOn(first, second, 'replica', 3_000);
      await replicate('NO', 'ONE');
      expect((await passOn(first, second, 'replica', 3_000)).length).toBeGreaterThan(0);
    } finally {
      await stopPair(pair);
      await Promise.all([own.stop(), other.stop()]);
    }
  });
});
