/** What the cache may hold after each step of the protocol, on a real Redis, step by step. */
import { Redis } from 'ioredis';
import { CounterCache, type Leased, type Publication } from '../../src/cache/counter-cache.js';
import { type Identity, identityOf } from '../../src/cache/identity.js';
import { Realm } from '../../src/cache/realm.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';

const TTL_MS = 60_000;
const DATABASE = 'database';

/** More counters than go into one call of the script. */
const MANY = 250;

const servers = withRedis({
  ending: () => {
    realm.close();
    hand.disconnect();
  },
});
let realm: Realm;
let hand: Redis;
let cache: CounterCache;
let identity: Identity;

/** Of what the service would find at hand. */
const identityIn = async (epoch: string, database = DATABASE): Promise<Identity> => {
  const [sighting] = await realm.look();
  const [post] = sighting?.posts ?? [];
  if (post === undefined) throw new Error('there is no Redis');
  return identityOf(post.server, post.line, epoch, database);
};

const connect = async (): Promise<void> => {
  await realm.whenReady();
  identity = await identityIn('1');
};

beforeAll(() => {
  const { url } = servers.redis;
  realm = new Realm({ url, sentinel: null, cluster: null });
  hand = new Redis(url);
  cache = new CounterCache(realm, { servers: { url, sentinel: null, cluster: null }, ttlMs: TTL_MS });
});

beforeEach(async () => {
  await connect();
  await hand.flushall();
});

const at = (version: number, nonce: string | null = null, name = 'c'): Publication => ({
  name,
  nonce,
  entry: { version, json: `{"version":${version}}` },
  sentAtMs: performance.now(),
  lastsMs: null,
});

const publish = async (publication: Publication, own = identity): Promise<string> =>
  (await cache.publish([publication], own))[0]?.kind ?? 'nothing';

const nonceOf = (leased: Leased | undefined): string | null => (leased?.kind === 'lease' ? leased.nonce : null);

const lease = async (name = 'c', own = identity): Promise<string> => {
  const [leased] = await cache.lease([name], own);
  const nonce = nonceOf(leased);
  if (nonce === null) throw new Error(`no lease: ${leased?.kind}`);
  return nonce;
};

/** The version of the entry, or what there is instead. */
const held = async (own = identity): Promise<number | string> => {
  const found = await cache.get('c', own);
  return found.kind === 'hit' ? found.entry.version : found.kind;
};

const fill = async (version: number): Promise<void> => {
  expect(await publish(at(version, await lease()))).toBe('stored');
};

describe('a publish', () => {
  it('creates nothing where there was nothing: a flush may have removed something newer', async () => {
    expect([await publish(at(1)), await held()]).toEqual(['absent', 'miss']);
    await fill(2);
    await hand.flushall();
    expect([await publish(at(1)), await held()]).toEqual(['absent', 'miss']);
  });

  it('kills the lease of a reader who may have read something older', async () => {
    const nonce = await lease();
    expect([await publish(at(2)), await publish(at(1, nonce)), await held()]).toEqual(['deleted', 'absent', 'miss']);
  });

  it('replaces an older entry, keeps a newer one and returns it, in whatever order publishes come', async () => {
    await fill(1);
    expect([await publish(at(3)), await publish(at(2)), await held()]).toEqual(['stored', 'kept', 3]);
    const [kept] = await cache.publish([at(2)], identity);
    expect(kept).toMatchObject({ kind: 'kept', entry: { version: 3 } });
  });

  it('compares versions as numbers of any length', async () => {
    await fill(9);
    expect([await publish(at(10)), await publish(at(9)), await held()]).toEqual(['stored', 'kept', 10]);
    await publish(at(Number.MAX_SAFE_INTEGER - 1));
    expect([await publish(at(Number.MAX_SAFE_INTEGER)), await held()]).toEqual(['stored', Number.MAX_SAFE_INTEGER]);
  });

  it('deletes the key where Redis has no memory left for a newer entry', async () => {
    await fill(1);
    await hand.config('SET', 'maxmemory', '1');
    try {
      expect([await publish(at(2)), await held()]).toEqual(['deleted', 'miss']);
      expect((await cache.lease(['c'], identity))[0]?.kind).toBe('refused');
    } finally {
      await hand.config('SET', 'maxmemory', '0');
    }
  });

  it('goes on after Redis forgot the scripts', async () => {
    await fill(1);
    await hand.script('FLUSH');
    expect([await publish(at(2)), await held()]).toEqual(['stored', 2]);
  });

  it('does with each of many counters what it does with one, and answers in their order', async () => {
    const states = ['absent', 'older', 'newer', 'leased', 'foreign'] as const;
    const others = await identityIn('2');
    const all = Array.from({ length: MANY }, (_, index) => ({ name: `m/${index}`, state: states[index % 5] }));
    const nonces = new Map<string, string>();
    for (const { name, state } of all) {
      if (state === 'older' || state === 'newer') {
        await cache.publish([at(state === 'older' ? 1 : 3, await lease(name), name)], identity);
      } else if (state === 'leased') nonces.set(name, await lease(name));
      else if (state === 'foreign') await cache.lease([name], others);
    }
    const published = await cache.publish(
      all.map(({ name }) => at(2, nonces.get(name) ?? null, name)),
      identity,
    );
    const expected = { absent: 'absent', older: 'stored', newer: 'kept', leased: 'stored', foreign: 'deleted' };
    expect(published.map(({ kind }) => kind)).toEqual(all.map(({ state = 'absent' }) => expected[state]));
    const entries = await cache.getMany(
      all.map(({ name }) => name),
      identity,
    );
    const versions = { absent: undefined, older: 2, newer: 3, leased: 2, foreign: undefined };
    expect(entries.map((entry) => entry?.version)).toEqual(all.map(({ state = 'absent' }) => versions[state]));
  });

  it('leaves nothing of counters that travel with a key which is not of this service', async () => {
    await fill(1);
    await hand.lpush('ec:list', 'a');
    const published = await cache.publish([at(2), at(2, null, 'list')], identity);
    expect(published.map(({ kind }) => kind)).toEqual(['deleted', 'deleted']);
    expect([await held(), await hand.exists('ec:list')]).toEqual(['miss', 0]);
  });
});

describe('a lease', () => {
  it('is shared by all who ask, and whoever publishes first under it fills', async () => {
    const nonce = await lease();
    expect(await lease()).toBe(nonce);
    expect([await publish(at(4, nonce)), await publish(at(4, nonce)), await held()]).toEqual(['stored', 'kept', 4]);
  });

  it('is never mistaken for one from before a flush', async () => {
    const before = await lease();
    await hand.flushall();
    const after = await lease();
    expect(after).not.toBe(before);
    expect([await publish(at(1, before)), await held()]).toEqual(['deleted', 'miss']);
  });

  it('is answered with the entry where somebody has filled meanwhile', async () => {
    await fill(7);
    expect((await cache.lease(['c'], identity))[0]).toMatchObject({ kind: 'entry', entry: { version: 7 } });
  });

  it('is asked for by many counters at once as by one, and answered in their order', async () => {
    const states = ['absent', 'entry', 'leased', 'foreign'] as const;
    const others = await identityIn('2');
    const all = Array.from({ length: MANY }, (_, index) => ({ name: `m/${index}`, state: states[index % 4] }));
    for (const { name, state } of all) {
      if (state === 'entry') await cache.publish([at(1, await lease(name), name)], identity);
      else if (state === 'leased') await lease(name);
      else if (state === 'foreign') await cache.lease([name], others);
    }
    const leased = await cache.lease(
      all.map(({ name }) => name),
      identity,
    );
    const kinds = { absent: 'lease', entry: 'entry', leased: 'lease', foreign: 'lease' };
    expect(leased.map(({ kind }) => kind)).toEqual(all.map(({ state = 'absent' }) => kinds[state]));
    const published = await cache.publish(
      all.map(({ name }, index) => at(2, nonceOf(leased[index]), name)),
      identity,
    );
    expect(new Set(published.map(({ kind }) => kind))).toEqual(new Set(['stored']));
  });

  it('of one turn of the event loop travels with the others, and so does what is published', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `together ${index}`);
    const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await hand.info('commandstats'))?.[1] ?? 0);
    const before = await lease().then(calls);
    const leased = await Promise.all(names.map((name) => cache.leaseOne(name, identity)));
    const published = await Promise.all(
      names.map((name, index) => cache.publishOne(at(index + 1, nonceOf(leased[index]), name), identity)),
    );
    expect((await calls()) - before).toBe(2);
    expect(new Set(published.map(({ kind }) => kind))).toEqual(new Set(['stored']));
    const versions = (await cache.getMany(names, identity)).map((entry) => entry?.version);
    expect(versions).toEqual(names.map((_, index) => index + 1));
  });

  it('is refused where it travels with a key which is not of this service, and harms nothing', async () => {
    await fill(1);
    await hand.lpush('ec:list', 'a');
    const leased = await cache.lease(['d', 'list', 'c'], identity);
    expect(leased.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused']);
    expect([await held(), await hand.llen('ec:list')]).toEqual([1, 1]);
  });

  it('and every entry has a life, which reads do not prolong', async () => {
    await lease();
    expect(await hand.pttl('ec:c')).toBeGreaterThan(0);
    await hand.flushall();
    await fill(1);
    const life = await hand.pttl('ec:c');
    expect(life).toBeGreaterThan(0.7 * TTL_MS);
    expect(life).toBeLessThanOrEqual(TTL_MS);
    await held();
    expect(await hand.pttl('ec:c')).toBeLessThanOrEqual(life);
  });

  it('that led to an old statement leaves an entry as much less to live', async () => {
    await publish({ ...at(1, await lease()), sentAtMs: performance.now() - TTL_MS / 2 });
    expect(await hand.pttl('ec:c')).toBeLessThanOrEqual(TTL_MS / 2);
  });
});

describe('an entry of another identity is a miss, and a publish removes it', () => {
  const others: readonly [string, () => Promise<Identity>][] = [
    ['another epoch', () => identityIn('2')],
    ['another database', () => identityIn('1', 'restored')],
  ];

  it.each(others)('%s', async (_, other) => {
    await fill(5);
    const foreign = await other();
    expect(await held(foreign)).toBe('miss');
    expect([await publish(at(1), foreign), await held()]).toEqual(['deleted', 'miss']);
  });

  it('another format of entries', async () => {
    const text = `1:1:${DATABASE}`;
    await fill(5);
    const foreign: Identity = { ...(await identityIn('1')), text };
    expect([await publish(at(1), foreign), await held()]).toEqual(['deleted', 'miss']);
  });

  it('an earlier life of Redis, come back by a snapshot', async () => {
    await fill(5);
    await hand.save();
    await servers.redis.kill();
    await servers.redis.restart();
    await eventually(async () => (await realm.look())[0] !== null && (await hand.exists('ec:c')) === 1);
    const old = identity;
    await connect();
    expect(identity.digest).not.toBe(old.digest);
    expect(await held()).toBe('miss');
    expect([await publish(at(1)), await held(old)]).toEqual(['deleted', 'unavailable']);
  });
});

describe('a cache that is away', () => {
  it('is told apart from one that has no entry', async () => {
    await fill(1);
    await servers.redis.freeze();
    try {
      expect(await held()).toBe('unavailable');
      await expect(cache.publish([at(2)], identity)).rejects.toThrow('timed out');
      await expect(cache.lease(['c'], identity)).rejects.toThrow('timed out');
    } finally {
      await servers.redis.thaw();
    }
    await eventually(async () => (await held()) !== 'unavailable');
  });
});
