/** Names that are not there can be asked for without end: they take no room from counters, and who asks pays for it. */
import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ABSENCE_LIFE_MS } from '../../src/cache/counter-cache.js';
import { ABSENCES_PER_MINUTE } from '../../src/counters/reads/absence-budget.js';
import { CacheHand } from '../support/cache-hand.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, RATE_LIMIT_PER_KEY: '1000', RATE_LIMIT_PER_ADDRESS: '100000' },
  ending: () => hand.close(),
});
let hand: CacheHand;
let headers: Record<string, string>;

beforeAll(() => {
  hand = new CacheHand(service.redis.url);
});
beforeEach(async () => {
  const wish = { label: 'asks', scopes: ['read', 'write'] as const, prefix: '', expiresAt: null };
  headers = { authorization: `Bearer ${(await service.app.nest.get(KeyAdministration).create(wish)).key}` };
});

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const read = (name: string) => send(service.app.url, 'GET', `/v1/counters/${encodeURIComponent(name)}`, { headers });
const readMany = (all: readonly string[]) =>
  send(service.app.url, 'POST', '/v1/reads', { json: { names: all }, headers });
const left = async () =>
  Number(
    /r=(\d+)/.exec((await send(service.app.url, 'GET', '/v1/session', { headers })).headers['ratelimit'] ?? '')?.[1],
  );

/** Entries that were put into the cache so far. */
const stored = async () =>
  (await scrape(service.app.url, ADMIN_KEY)).get('evercount_cache_publications_total', { result: 'stored' }) ?? 0;

/** Asks until the guard lets the cache be asked: without its permission every read goes to Postgres. */
const untilCached = (name: string) =>
  eventually(async () => (await read(name)).headers['cache-status'] === 'evercount; hit');

it('an absence is kept for seconds, and a counter for as long as ever', async () => {
  await send(service.app.url, 'POST', '/v1/counters/there/increment', { headers });
  await untilCached('there');
  await untilCached('not there');
  const life = (name: string) => hand.redis.pttl(`ec:${name}`);
  await eventually(async () => {
    await read('not there');
    return (await hand.value('not there'))?.startsWith('E') === true;
  });
  expect(await life('not there')).toBeLessThanOrEqual(ABSENCE_LIFE_MS);
  await readMany(['not there either']);
  expect(await life('not there either')).toBeLessThanOrEqual(ABSENCE_LIFE_MS);
  expect(await life('there')).toBeGreaterThan(10 * ABSENCE_LIFE_MS);
});

it('a read of what the cache does not have costs more than one of what it has, alone and among many', async () => {
  await send(service.app.url, 'POST', '/v1/counters/cheap/increment', { headers });
  await untilCached('cheap');
  // So slow that next to nothing comes back meanwhile, also on a machine that takes seconds for it.
  const perSecond = 30;
  const wish = { label: 'pays', scopes: ['read'] as const, prefix: '', expiresAt: null, perSecond };
  headers = { authorization: `Bearer ${(await service.app.nest.get(KeyAdministration).create(wish)).key}` };
  const spentBy = async (ask: () => Promise<unknown>): Promise<number> => {
    const before = await left();
    const begin = performance.now();
    await ask();
    return before - (await left()) + ((performance.now() - begin) / 1_000) * perSecond;
  };
  const all = names('random/', 100);
  const few = all.slice(0, 20);
  const hits = await spentBy(async () => {
    for (let turn = 0; turn < few.length; turn += 1) await read('cheap');
  });
  const misses = await spentBy(async () => {
    for (const name of few) await read(name);
  });
  expect(misses - hits).toBeGreaterThan(2 * few.length);
  const manyHits = await spentBy(() => readMany(all.map(() => 'cheap')));
  const manyMisses = await spentBy(() => readMany(all.map((name) => `${name}?`)));
  expect(manyMisses - manyHits).toBeGreaterThan(all.length / 5);
});

it('of random names so many a minute are kept and no more; all are answered, and so are counters, from the cache', async () => {
  await send(service.app.url, 'POST', '/v1/counters/kept/increment', { headers });
  await untilCached('kept');
  const storedBefore = await stored();
  for (let batch = 0; batch < (2 * ABSENCES_PER_MINUTE) / 1_000; batch += 1) {
    // A caller of its own each: what one pays for is another test's.
    const wish = { label: 'asks', scopes: ['read'] as const, prefix: '', expiresAt: null };
    headers = { authorization: `Bearer ${(await service.app.nest.get(KeyAdministration).create(wish)).key}` };
    const answer = await readMany(names(`flood/${batch}/`, 1_000));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: Array<null>(1_000).fill(null) }]);
  }
  expect((await stored()) - storedBefore).toBeLessThan(1.5 * ABSENCES_PER_MINUTE);
  const single = await read('flood/single');
  expect([single.status, single.headers['cache-status']]).toEqual([404, 'evercount; fwd=miss']);
  // Not even the lease of one that was too many is left behind.
  expect((await hand.value('flood/11/999'))?.startsWith('L') ?? false).toBe(false);
  expect((await read('kept')).headers['cache-status']).toBe('evercount; hit');
});
