/** Under Sentinel: through its failovers reads stay right, hits come back, and so does the schedule of the jobs. */
import { startApp, type TestApp } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { passOn } from '../support/pass-on.js';
import { scrape } from '../support/scrape.js';
import { startSentinel, type TestSentinel } from '../support/sentinel.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Longer than a Sentinel needs to find a primary down and to elect another one. */
const A_WHILE_MS = 5_000;
const SCHEDULE_WITHIN_MS = 30_000;

let sentinel: TestSentinel;
let environment: Record<'DATABASE_URL' | 'REDIS_URL' | 'REDIS_SENTINEL_PASSWORD', string>;
let apps: readonly [TestApp, TestApp];
let calls: readonly [CounterCalls, CounterCalls];

const isHit = async (at: CounterCalls, name: string): Promise<boolean> =>
  (await at.read(name)).headers.get('cache-status') === 'evercount; hit';

const untilHits = async (name: string): Promise<void> => {
  for (const at of calls) await eventually(() => isHit(at, name));
};

/** Reads and writes through what happens, on both ways at once; each reading is at least as new as the write before it. */
const through = async (name: string, happens: () => Promise<unknown>): Promise<void> => {
  const [first, second] = calls;
  await Promise.all([
    passOn(first, second, name, A_WHILE_MS),
    passOn(second, first, `${name}, the other way`, A_WHILE_MS),
    happens(),
  ]);
};

/** Jobs that wait for their time, on the server that is the primary now. */
const untilScheduled = async (): Promise<void> => {
  const { primary } = await sentinel.roles();
  const hand = new CacheHand(primary.url);
  try {
    await eventually(async () => (await hand.redis.zcard('{evercount}:jobs:repeat')) > 0, SCHEDULE_WITHIN_MS);
    await eventually(async () => (await hand.redis.zcard('{evercount}:jobs:delayed')) > 0, SCHEDULE_WITHIN_MS);
  } finally {
    hand.close();
  }
};

beforeAll(async () => {
  sentinel = await startSentinel();
});

afterAll(() => sentinel.stop());

describe('a Redis under Sentinel', () => {
  beforeAll(async () => {
    environment = {
      DATABASE_URL: await createTestDatabase(),
      REDIS_URL: sentinel.url,
      REDIS_SENTINEL_PASSWORD: sentinel.sentinelPassword,
    };
    const options = { databaseUrl: environment.DATABASE_URL, redisUrl: sentinel.url, env: environment };
    apps = [await startApp(options), await startApp(options)];
    calls = [new CounterCalls(apps[0].url), new CounterCalls(apps[1].url)];
  });

  afterAll(() => Promise.all(apps.map((app) => app.stop())));

  afterEach(() => sentinel.untilWhole());

  it('serves hits', async () => {
    await calls[0].increment('found');
    await untilHits('found');
    await untilScheduled();
  });

  it('says which server it asks, and the doctor how its Sentinels stand', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { primary } = await sentinel.roles();
      const address = `127.0.0.1:${primary.port}`;
      await eventually(async () => {
        const { body } = await calls[0].call<{ server: object }>('GET', '/v1/admin/cache');
        expect(body.server).toEqual({ address, role: 'primary', foundBy: 'sentinel' });
        return (await scrape(apps[0].url)).get('evercount_redis_primary', { address }) === 1;
      });
      await untilHits('told');
      const { code, out } = await runCli(['doctor'], { env: environment });
      expect(out).toMatch(/Sentinels +3 of 3 know "main"/);
      expect(out).toContain(address);
      expect([code, out.match(/BAD.*/g)]).toEqual([0, null]);
      await sentinel.failover();
      await sentinel.untilWhole();
    }
  });

  it('is reached through a network that changes addresses, where those are given', async () => {
    const proxies = await Promise.all(sentinel.servers.map(({ port }) => TcpProxy.start({ host: '127.0.0.1', port })));
    const map = sentinel.servers.map(({ port }, index) => `127.0.0.1:${port}=127.0.0.1:${proxies[index]?.port ?? 0}`);
    const env = { ...environment, REDIS_ADDRESS_MAP: map.join() };
    const app = await startApp({ databaseUrl: environment.DATABASE_URL, redisUrl: sentinel.url, env });
    try {
      const through = new CounterCalls(app.url);
      await through.increment('around');
      await eventually(() => isHit(through, 'around'));
      await Promise.all(proxies.map((proxy) => proxy.setMode({ kind: 'refuse' })));
      await eventually(async () => !(await isHit(through, 'around')));
    } finally {
      await app.stop();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
  });

  it('fails over when an operator says so, and back, also for who asks a Sentinel first that is cut off', async () => {
    await through('by hand', () => sentinel.failover());
    await untilHits('by hand');
    await untilScheduled();
    const cutOff = await sentinel.startCutOff();
    const env = { ...environment, REDIS_URL: cutOff.url };
    const app = await startApp({ databaseUrl: environment.DATABASE_URL, redisUrl: cutOff.url, env });
    try {
      const led = new CounterCalls(app.url);
      await eventually(() => isHit(led, 'by hand'));
      await sentinel.untilWhole();
      await through('by hand', () => sentinel.failover());
      await untilHits('by hand');
      await eventually(() => isHit(led, 'by hand'));
    } finally {
      await app.stop();
      await cutOff.stop();
    }
  });

  it('fails over when the primary freezes, which is not read when it wakes up', async () => {
    const { primary } = await sentinel.roles();
    await through('frozen', async () => {
      await primary.freeze();
      await sentinel.untilLeft(primary);
    });
    await untilHits('frozen');
    await untilScheduled();
    await through('frozen', () => primary.thaw());
    await untilHits('frozen');
  });

  it('fails over when the primary is killed, and is joined by it when it comes back with nothing', async () => {
    const { primary } = await sentinel.roles();
    await through('killed', async () => {
      await primary.kill();
      await sentinel.untilLeft(primary);
    });
    await untilHits('killed');
    await untilScheduled();
    await through('killed', () => primary.restart());
    await untilHits('killed');
  });

  it('serves nothing of what a replica holds that lagged when it was promoted', async () => {
    const { primary, replica } = await sentinel.roles();
    await calls[0].increment('lagging');
    await untilHits('lagging');
    const hands = { primary: new CacheHand(primary.url), replica: new CacheHand(replica.url) };
    await eventually(async () => (await hands.replica.value('lagging')) === (await hands.primary.value('lagging')));
    await replica.freeze();
    await passOn(calls[0], calls[1], 'lagging', 500);
    await primary.kill();
    await replica.thaw();
    await through('lagging', () => sentinel.untilLeft(primary));
    await untilHits('lagging');
    await primary.restart();
    hands.primary.close();
    hands.replica.close();
  });
});

describe('jobs under Sentinel, beside a Redis of the cache', () => {
  const cache = withRedis({ settings: ['maxmemory 100mb'] });
  let app: TestApp;
  let at: CounterCalls;

  /** A job from its beginning to its end. */
  const reconciles = (): Promise<void> =>
    eventually(async () => {
      const { status, body } = await at.call<{ job?: { id: string } }>('POST', '/v1/admin/cache/reconcile');
      if (status !== 202) return false;
      await eventually(async () => {
        const seen = await at.call<{ job?: { state: string } }>('GET', `/v1/admin/jobs/${body.job?.id ?? ''}`);
        return seen.body.job?.state === 'completed';
      });
      return true;
    }, SCHEDULE_WITHIN_MS);

  beforeAll(async () => {
    const { primary } = await sentinel.roles();
    const hand = new CacheHand(primary.url);
    // What others scheduled there is none of it.
    await hand.redis.flushall().finally(() => hand.close());
    environment = {
      DATABASE_URL: await createTestDatabase(),
      REDIS_URL: cache.redis.url,
      REDIS_SENTINEL_PASSWORD: sentinel.sentinelPassword,
    };
    const env = { ...environment, JOBS_REDIS_URL: sentinel.url };
    app = await startApp({ databaseUrl: environment.DATABASE_URL, redisUrl: cache.redis.url, env });
    at = new CounterCalls(app.url);
  });

  afterAll(() => app.stop());

  it('go on after a failover, of which reads notice nothing', async () => {
    await at.increment('apart');
    await eventually(() => isHit(at, 'apart'));
    await untilScheduled();
    await reconciles();
    const { out } = await runCli(['doctor'], { env: { ...environment, JOBS_REDIS_URL: sentinel.url } });
    expect(out).toMatch(/jobs: Sentinels +3 of 3 know "main"/);
    expect(out).toMatch(/jobs: commands of BullMQ +may be run/);
    expect(out).not.toMatch(/^ *(BAD|ok) +Sentinels/m);

    const reads = { hits: 0, all: 0 };
    let over = false;
    const readOn = async (): Promise<void> => {
      while (!over) {
        reads.all += 1;
        if (await isHit(at, 'apart')) reads.hits += 1;
      }
    };
    const failOver = async (): Promise<void> => {
      await sentinel.failover();
      await untilScheduled();
      await reconciles();
    };
    await Promise.all([readOn(), failOver().finally(() => (over = true))]);
    // Where a machine is far too busy, one or another is late.
    expect(reads.hits / reads.all).toBeGreaterThan(0.9);
  });
});
