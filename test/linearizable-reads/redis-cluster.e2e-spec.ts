/** On a Redis Cluster: reads stay right through failovers and moves, and whoever is not concerned notices nothing. */
import { slotOf } from '../../src/cache/cluster-map.js';
import { startApp, type TestApp } from '../support/app.js';
import { runCli } from '../support/cli.js';
import { CLUSTER_SLOTS, startCluster, type TestCluster } from '../support/cluster.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { passOn } from '../support/pass-on.js';
import type { TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** All that can happen to a cluster, in some minutes. */
const LONG = process.env['CLUSTER'] === 'long';

const SHARDS = 3;
const SCHEDULE_WITHIN_MS = 30_000;

/** Longer than it takes to go blind, and to end that. */
const A_WHILE_MS = 6_000;

let cluster: TestCluster;
let databaseUrl: string;
let apps: readonly [TestApp, TestApp];
let calls: readonly [CounterCalls, CounterCalls];

/** A name of its own whose slot is in a shard as they were made. */
const nameIn = (shard: number, text: string): string => {
  for (let n = 0; ; n += 1) {
    const name = `${text} ${n}`;
    if (Math.floor((slotOf(`ec:${name}`) * SHARDS) / CLUSTER_SLOTS) === shard) return name;
  }
};

const isHit = async (at: CounterCalls, name: string): Promise<boolean> =>
  (await at.read(name)).headers.get('cache-status') === 'evercount; hit';

const untilHits = async (...names: readonly string[]): Promise<void> => {
  for (const at of calls) for (const name of names) await eventually(() => isHit(at, name));
};

/** Reads and writes through what happens, on both ways at once; each reading is at least as new as the write before it. */
const through = async (name: string, happens: () => Promise<unknown>): Promise<readonly string[]> => {
  const [first, second] = calls;
  const [one, other] = await Promise.all([
    passOn(first, second, name, A_WHILE_MS),
    passOn(second, first, `${name}, the other way`, A_WHILE_MS),
    happens(),
  ]);
  return [...one, ...other];
};

beforeAll(async () => {
  [cluster, databaseUrl] = await Promise.all([startCluster(), createTestDatabase()]);
  const start = () => startApp({ databaseUrl, redisUrl: cluster.url });
  apps = [await start(), await start()];
  calls = [new CounterCalls(apps[0].url), new CounterCalls(apps[1].url)];
});

afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await cluster.stop();
});

/** Jobs that wait for their time, on the server that has the queue now. */
const untilScheduled = (): Promise<void> =>
  eventually(async () => {
    const hand = cluster.hand(await cluster.primaryOf(slotOf('{evercount}')));
    return (await hand.zcard('{evercount}:jobs:repeat')) > 0 && (await hand.zcard('{evercount}:jobs:delayed')) > 0;
  }, SCHEDULE_WITHIN_MS);

/** Until this instance keeps its hands off some units. */
const untilBlind = (at: CounterCalls): Promise<void> =>
  eventually(async () => {
    const { body } = await at.call<{ units: { blind: number } }>('GET', '/v1/admin/cache');
    return body.units.blind > 0;
  });

const primaryWith = (name: string): Promise<TestRedis> => cluster.primaryOf(slotOf(`ec:${name}`));

const slotWith = (name: string): number => slotOf(`ec:${name}`);

describe('a Redis Cluster', () => {
  afterEach(() => cluster.untilWhole());

  it('serves hits from every shard, and keeps the schedule of the jobs', async () => {
    const names = [0, 1, 2].flatMap((shard) => ['a', 'b', 'é'].map((text) => nameIn(shard, text)));
    await Promise.all(names.map((name) => calls[0].increment(name)));
    await untilHits(...names);
    await untilScheduled();
    const { body } = await calls[0].call<{ units: object; servers: object[] }>('GET', '/v1/admin/cache');
    expect(body.units).toEqual({ serving: 256, unverified: 0, blind: 0, waiting: 0 });
    expect(body.servers).toHaveLength(SHARDS);
    const { out } = await runCli(['doctor'], { env: { DATABASE_URL: databaseUrl, REDIS_URL: cluster.url } });
    expect(out.match(/ok +commands of BullMQ \(127/g)).toHaveLength(SHARDS);
    expect(out.match(/BAD.*/g)).toBeNull();
  });

  it('costs reads of its own units only when the primary of a shard is killed', async () => {
    const [gone = '', ...others] = [0, 1, 2].map((shard) => nameIn(shard, 'share'));
    await Promise.all([gone, ...others].map((name) => calls[0].increment(name)));
    await untilHits(gone, ...others);
    const primary = await primaryWith(gone);
    const reads = { hits: 0, all: 0 };
    let over = false;
    const readOthers = async (): Promise<void> => {
      while (!over) {
        for (const name of others) {
          reads.all += 1;
          if (await isHit(calls[0], name)) reads.hits += 1;
        }
      }
    };
    const fail = async (): Promise<void> => {
      try {
        await through(gone, async () => {
          await primary.kill();
          await cluster.untilLeft(primary, slotWith(gone));
        });
        await untilHits(gone);
      } finally {
        over = true;
      }
    };
    await Promise.all([readOthers(), fail()]);
    expect(reads.hits / reads.all).toBeGreaterThan(0.9);
    await through(gone, () => primary.restart());
    await untilHits(gone);
  });

  it('moves a slot to another primary, and back, with the entries in it', async () => {
    const name = nameIn(1, 'moved');
    await calls[0].increment(name);
    await untilHits(name);
    const home = await primaryWith(name);
    await through(name, async () => {
      await cluster.moveSlot(slotWith(name), await primaryWith(nameIn(2, 'any')));
      await cluster.moveSlot(slotWith(name), home);
      await cluster.moveSlot(slotWith(name), await primaryWith(nameIn(2, 'any')));
    });
    await untilHits(name);
    await through(name, () => cluster.moveSlot(slotWith(name), home));
    await untilHits(name);
  });
});

(LONG ? describe : describe.skip)('a Redis Cluster, at length', () => {
  const names = [0, 1, 2].map((shard) => nameIn(shard, 'long'));
  const [name = ''] = names;
  let primary: TestRedis;

  beforeEach(async () => {
    await cluster.untilWhole();
    primary = await primaryWith(name);
    await Promise.all(names.map((one) => calls[0].increment(one)));
    await untilHits(...names);
  });

  afterEach(async () => {
    await cluster.untilWhole();
    await untilHits(...names);
    await untilScheduled();
  });

  it.each(['agreed', 'FORCE', 'TAKEOVER'] as const)('fails over when it is told to: %s', async (how) => {
    await through(name, () => cluster.failover(slotWith(name), how));
  });

  it('fails over when a primary freezes, which is not read when it wakes up', async () => {
    await through(name, async () => {
      await primary.freeze();
      await cluster.untilLeft(primary, slotWith(name));
    });
    await through(name, () => primary.thaw());
  });

  it('serves nothing of what a replica holds that lagged when it took over', async () => {
    const replica = await cluster.replicaOf(primary);
    await replica.freeze();
    await passOn(calls[0], calls[1], name, 500);
    await replica.thaw();
    await through(name, () => cluster.failover(slotWith(name), 'TAKEOVER'));
  });

  it('opens a slot, moves its keys, and cancels: ASK is not absent', async () => {
    const other = await primaryWith(nameIn(1, 'any'));
    await through(name, async () => {
      await cluster.openSlot(slotWith(name), other);
      await cluster.moveKeys(slotWith(name), primary, other);
      await Promise.all(calls.map(untilBlind));
      await cluster.cancelMove(slotWith(name), primary, other);
    });
  });

  it('notices a FLUSHALL on one primary', async () => {
    await through(name, () => cluster.hand(primary).flushall());
  });

  it('keeps a unit from everybody while one instance cannot reach its primary', async () => {
    const proxies = await Promise.all(cluster.servers.map(({ port }) => TcpProxy.start({ host: '127.0.0.1', port })));
    const map = cluster.servers.map(({ port }, index) => `127.0.0.1:${port}=127.0.0.1:${proxies[index]?.port ?? 0}`);
    const env = { REDIS_ADDRESS_MAP: map.join() };
    const app = await startApp({ databaseUrl, redisUrl: cluster.url, env });
    const cut = new CounterCalls(app.url);
    try {
      await eventually(() => isHit(cut, name));
      const proxy = proxies[cluster.servers.indexOf(primary)];
      await Promise.all([passOn(cut, calls[0], name, A_WHILE_MS), proxy?.setMode({ kind: 'silent' })]);
      expect(await isHit(calls[0], names[1] ?? '')).toBe(true);
      await Promise.all([passOn(cut, calls[0], name, A_WHILE_MS), proxy?.setMode({ kind: 'pass' })]);
      await eventually(() => isHit(cut, name));
    } finally {
      await app.stop();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
  });

  it('finds a cluster that was created anew under the same addresses', async () => {
    await through(name, () => cluster.createAnew());
  });
});
