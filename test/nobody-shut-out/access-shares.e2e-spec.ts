/** A key takes much of what there is only so much of, and others still get theirs. */
import { beforeAll, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import {
  MAX_NAMES,
  MAX_PREFIXES,
  MAX_STREAMS,
  MAX_WATCHED_NAMES,
  MAX_WATCHED_PREFIXES,
} from '../../src/stream/limits.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

const AT_ONCE = 100;

const ADMIN_KEY = 'an-operators-own-key-0123456789';
let greedy: Record<string, string>;
let modest: Record<string, string>;
const sources: EventSource[] = [];

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' },
  ending: () => {
    for (const source of sources) source.close();
  },
});

beforeAll(async () => {
  const keyFor = async (prefix: string) => {
    const wish = { label: prefix, scopes: ['read'] as const, prefix, expiresAt: null };
    return { authorization: `Bearer ${(await service.app.nest.get(KeyAdministration).create(wish)).key}` };
  };
  greedy = await keyFor('greedy/');
  modest = await keyFor('modest/');
});

const queries = (count: number, queryOf: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => queryOf(at));

/** Opens a stream for each query, some at a time, and keeps those that are admitted. */
async function admitted(all: readonly string[], key: Record<string, string>): Promise<number> {
  let count = 0;
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const part = all.slice(start, start + AT_ONCE);
    const opened = await Promise.all(part.map((query) => EventSource.open(service.app.url, query, key)));
    count += opened.filter(({ response }) => response.statusCode === 200).length;
    sources.push(...opened);
  }
  return count;
}

async function closeAll(): Promise<void> {
  for (const source of sources.splice(0)) source.close();
  await eventually(async () => (await scrape(service.app.url, ADMIN_KEY)).get('evercount_streams_open') === 0);
}

it.each([
  ['streams', queries(MAX_STREAMS + AT_ONCE, () => 'name=greedy%2F1'), queries(20, () => 'name=modest%2F1')],
  [
    'prefixes that are watched',
    queries(2 * MAX_WATCHED_PREFIXES, (at) => `prefix=greedy%2F${at}`),
    queries(1, () => Array.from({ length: MAX_PREFIXES }, (_, at) => `prefix=modest%2F${at}`).join('&')),
  ],
  [
    'names that are watched',
    // As many as fit into the head of a request.
    queries((3 * MAX_WATCHED_NAMES) / 400, (at) =>
      Array.from({ length: 400 }, (_, name) => `name=greedy/${at}.${name}`).join('&'),
    ),
    queries(2, (at) =>
      Array.from({ length: Math.min(400, MAX_NAMES) }, (_, name) => `name=modest/${at}.${name}`).join('&'),
    ),
  ],
])('%s', async (_what, wanted, needed) => {
  const first = await admitted(wanted, greedy);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(wanted.length);
  expect(await admitted(needed, modest)).toBe(needed.length);
  // What others have is not taken away, and what is given back is there again.
  expect(await admitted(wanted.slice(0, 1), greedy)).toBeLessThanOrEqual(1);
  await closeAll();
  expect(await admitted(wanted.slice(0, 1), greedy)).toBe(1);
  await closeAll();
});

it('questions about many counters', async () => {
  const ask = async (prefix: string, key: Record<string, string>, route = 'summary?prefix=') =>
    (await send(service.app.url, 'GET', `/v1/${route}${encodeURIComponent(prefix)}`, { headers: key })).status;
  const flood = Array.from({ length: 1_000 }, (_, at) => ask(`greedy/${at}`, greedy));
  // Those that were asked meanwhile are answered in their turn, before all that the other one has asked.
  const statuses = await Promise.all(Array.from({ length: 10 }, (_, at) => ask(`modest/${at}`, modest)));
  expect(statuses).toEqual(statuses.map(() => 200));
  const flooded = await Promise.all(flood);
  expect(new Set(flooded)).toEqual(new Set([200, 503]));
});
