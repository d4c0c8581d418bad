/** Names are found by a part of them, page by page, however many there are. */
import pg from 'pg';
import type { Counter } from '../../src/domain/counter.js';
import { testBuckets } from '../support/buckets.js';
import { insertCounters, namesOf } from '../support/counter-rows.js';
import { withService } from '../support/service.js';

interface Page {
  readonly data: readonly Counter[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

const MANY = 300_000;
/** Far beyond what one page looks through, in a fraction of a second. */
const SLOWEST_PAGE_MS = 3_000;

const service = withService();

beforeAll(async () => {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  const names = namesOf(MANY, (n) => `many:${String(n).padStart(6, '0')}${n % 10_000 === 7 ? ':needle' : ''}`);
  await insertCounters(database, testBuckets, names, (place) => place + 1);
  await database.query(`UPDATE counters SET deleted = true, value = 0 WHERE name LIKE 'many:02%needle'`);
  await database.query('VACUUM ANALYZE counters');
  await database.end();
  for (const name of ['a%b', 'a_b', 'axb', 'a\\b', 'a|b', 'Straße', 'zoo:ab']) await service.calls.increment(name);
});

async function page(query: string): Promise<Page> {
  const { status, text, body } = await service.calls.call<Page>('GET', `/v1/counters?${query}`);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

/** All that a search comes to, and how many pages that took. */
async function all(query: string): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  let cursor: string | null = null;
  for (let pages = 1; ; pages += 1) {
    const startedAtMs = performance.now();
    const found: Page = await page(`${query}${cursor === null ? '' : `&cursor=${cursor}`}`);
    expect(performance.now() - startedAtMs).toBeLessThan(SLOWEST_PAGE_MS);
    names.push(...found.data.map(({ name }) => name));
    expect(found.hasMore).toBe(found.nextCursor !== null);
    if (found.nextCursor === null) return { names, pages };
    cursor = found.nextCursor;
  }
}

it.each([
  ['search=a%25b', ['a%b']],
  ['search=_', ['a_b']],
  ['search=%5C', ['a\\b']],
  ['search=ra%C3%9F', ['Straße']],
  ['search=stra', []],
  ['search=ab&prefix=zoo:', ['zoo:ab']],
  ['search=zoo&prefix=zoo:', ['zoo:ab']],
])('?%s finds what contains it letter by letter: %j', async (query, expected) => {
  expect((await all(query)).names).toEqual(expected);
});

it('finds every one among many, in order and each once, without the deleted ones', async () => {
  const expected = Array.from({ length: MANY / 10_000 }, (_, index) => index * 10_000 + 7)
    .map((n) => `many:${String(n).padStart(6, '0')}:needle`)
    .filter((name) => !name.startsWith('many:02'));
  for (const limit of [1, 7, 1_000]) {
    const { names } = await all(`search=needle&prefix=many:&limit=${limit}`);
    expect([limit, names]).toEqual([limit, expected]);
  }
});

it('leads to the next page by its link', async () => {
  const { headers } = await service.calls.call('GET', '/v1/counters?search=needle&limit=2');
  const [, target = ''] = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '') ?? [];
  expect(target).toContain('search=needle');
  const next = await service.calls.call<Page>('GET', target);
  expect(next.body.data.map(({ name }) => name)).toEqual(['many:030007:needle', 'many:040007:needle']);
});

it.each(['search=', 'search=%00', 'search=a&search=b', `search=${'x'.repeat(256)}`])(
  '?%s is refused',
  async (query) => {
    const { status, body } = await service.calls.call<{ detail: string }>('GET', `/v1/counters?${query}`);
    expect([status, /search|twice/.test(body.detail)]).toEqual([400, true]);
  },
);
