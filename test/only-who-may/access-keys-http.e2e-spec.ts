/** Keys over HTTP: what `evercount keys` does, for whoever operates the service from elsewhere. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const PAGE = 'https://blog.example.org';

const service = withService({ env: { AUTH: 'required', ADMIN_KEY } });

const call = (key: string, method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> =>
  send(service.app.url, method, path, { ...options, headers: { authorization: `Bearer ${key}`, ...options.headers } });

interface Key {
  readonly id: string;
  readonly secret: string;
  readonly [part: string]: unknown;
}

const keyIn = ({ body }: HttpAnswer): Key => JSON.parse(body) as Key;

const make = async (wish: object): Promise<Key> => {
  const answer = await call(ADMIN_KEY, 'POST', '/v1/keys', { json: { label: 'made', ...wish } });
  expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
  return keyIn(answer);
};

const increment = async ({ secret }: Pick<Key, 'secret'>, name: string, headers: Record<string, string> = {}) =>
  (await call(secret, 'POST', `/v1/counters/${name}/increment`, { headers })).status;

it('a key is made, listed, rotated and revoked; its secret is told when it is made, and never again', async () => {
  const key = await make({ scopes: ['write'], prefix: 'shop:', expiresAt: '2100-01-01T00:00:00Z' });
  expect(key).toMatchObject({ prefix: 'shop:', expiresAt: '2100-01-01T00:00:00.000Z', perSecond: null, origins: [] });
  expect([await increment(key, 'shop:a'), await increment(key, 'other')]).toEqual([200, 403]);

  const next = await call(ADMIN_KEY, 'POST', `/v1/keys/${key.id}/rotate`);
  expect(next.headers['cache-control']).toBe('no-store');
  expect(keyIn(next).id).toBe(key.id);
  expect([await increment(key, 'shop:a'), await increment(keyIn(next), 'shop:a')]).toEqual([200, 200]);
  const last = keyIn(await call(ADMIN_KEY, 'POST', `/v1/keys/${key.id}/rotate`, { json: { overlapMs: 0 } }));
  await eventually(async () => (await increment(keyIn(next), 'shop:a')) === 401);

  const listed = await call(ADMIN_KEY, 'GET', '/v1/keys');
  const read = await call(ADMIN_KEY, 'GET', `/v1/keys/${key.id}`);
  expect(listed.body).toContain(read.body);
  expect(keyIn(read)).toMatchObject({ id: key.id, prefix: 'shop:', rotatedAt: last['rotatedAt'] });
  for (const { secret } of [key, keyIn(next), last]) expect(listed.body).not.toContain(secret.slice(-20));
  expect(listed.body).not.toMatch(/digest|secret/i);

  expect((await call(ADMIN_KEY, 'DELETE', `/v1/keys/${key.id}`)).status).toBe(204);
  await eventually(async () => (await increment(last, 'shop:a')) === 401);
  expect((await call(ADMIN_KEY, 'POST', `/v1/keys/${key.id}/rotate`)).status).toBe(404);
  expect(keyIn(await call(ADMIN_KEY, 'GET', `/v1/keys/${key.id}`))['revokedAt']).not.toBeNull();
});

it('what a key is bound to can be changed, here and by the command, by the same rules', async () => {
  const key = await make({ scopes: ['write'], maxNames: 1 });
  expect([await increment(key, 'm:1'), await increment(key, 'm:2')]).toEqual([200, 403]);
  const changed = await call(ADMIN_KEY, 'PATCH', `/v1/keys/${key.id}`, { json: { maxNames: 2, label: 'changed' } });
  expect(keyIn(changed)).toMatchObject({ maxNames: 2, label: 'changed', namesCreated: 1, scopes: ['write'] });
  await eventually(async () => (await increment(key, 'm:2')) === 200);

  const line = ['keys', 'change', key.id, '--max-names', 'default', '--origins', PAGE, '--per-second', '7', '--json'];
  const byHand = await runCli(line, { env: service.variables });
  expect([byHand.code, byHand.err]).toEqual([0, '']);
  expect(JSON.parse(byHand.out)).toMatchObject({ maxNames: null, origins: [PAGE], perSecond: 7, label: 'changed' });
  await eventually(async () => (await increment(key, 'm:1')) === 403);
  expect(await increment(key, 'm:3', { origin: PAGE })).toBe(200);
  for (const wrong of [['--per-second', '0'], ['--origins', 'blog.example.org'], []]) {
    expect((await runCli(['keys', 'change', key.id, ...wrong], { env: service.variables })).code).toBe(64);
  }
});

it('pages of keys lead through all of them', async () => {
  const made = await Promise.all([1, 2, 3].map(() => make({ scopes: ['read'] })));
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const page = await call(ADMIN_KEY, 'GET', `/v1/keys?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const { data, hasMore, nextCursor } = JSON.parse(page.body) as {
      data: Key[];
      hasMore: boolean;
      nextCursor: string | null;
    };
    seen.push(...data.map(({ id }) => id));
    expect(hasMore).toBe(nextCursor !== null);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
});

it.each<[string, object]>([
  ['no scope', { scopes: [] }],
  ['a scope that there is not', { scopes: ['fly'] }],
  ['no label', { scopes: ['read'], label: '' }],
  ['an end that is past', { scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' }],
  ['an end that is no moment', { scopes: ['read'], expiresAt: 'tomorrow' }],
  ['an origin with a path', { scopes: ['increment'], origins: ['https://example.org/'] }],
  ['an origin that browsers write otherwise', { scopes: ['increment'], origins: ['https://EXAMPLE.org:443'] }],
  ['the origin of pages without one', { scopes: ['increment'], origins: ['null'] }],
  ['a pace of nothing', { scopes: ['increment'], perSecond: 0 }],
  ['a number of names below 0', { scopes: ['write'], maxNames: -1 }],
  ['a prefix with control characters', { scopes: ['read'], prefix: '\u0000' }],
  ['a field that is not known', { scopes: ['read'], rate: 5 }],
])('a key with %s is not made', async (_what, wish) => {
  const before = (await call(ADMIN_KEY, 'GET', '/v1/keys?limit=1000')).body;
  const { status } = await call(ADMIN_KEY, 'POST', '/v1/keys', { json: { label: 'unfit', ...wish } });
  expect(status).toBe(400);
  expect((await call(ADMIN_KEY, 'GET', '/v1/keys?limit=1000')).body).toBe(before);
});

it('keys that are not there are 404, and nothing else is looked up for them', async () => {
  for (const id of ['none', 'x'.repeat(300), '%00', "'"]) {
    expect((await call(ADMIN_KEY, 'GET', `/v1/keys/${id}`)).status).toBe(404);
    expect((await call(ADMIN_KEY, 'DELETE', `/v1/keys/${id}`)).status).toBe(404);
    expect((await call(ADMIN_KEY, 'PATCH', `/v1/keys/${id}`, { json: {} })).status).toBe(404);
  }
});

it('a header that promises a replay is refused: a secret is not kept to be told again', async () => {
  const options = { json: { label: 'twice', scopes: ['read'] }, headers: { 'idempotency-key': 'once' } };
  expect((await call(ADMIN_KEY, 'POST', '/v1/keys', options)).status).toBe(400);
});

describe('a key that is bound to pages', () => {
  let key: Key;
  beforeAll(async () => {
    key = await make({ scopes: ['increment'], prefix: 'page:', origins: [PAGE] });
  });

  const preflight = (path: string, origin: string) =>
    send(service.app.url, 'OPTIONS', path, {
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });

  it('adds for them, and they see the answer', async () => {
    const answer = await call(key.secret, 'POST', '/v1/counters/page:a/increment', { headers: { origin: PAGE } });
    expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers['vary']]).toEqual([
      200,
      PAGE,
      'Origin',
    ]);
    const batch = { headers: { origin: PAGE }, json: { increments: [{ name: 'page:a' }, { name: 'page:b', by: -1 }] } };
    expect((await call(key.secret, 'POST', '/v1/increments', batch)).status).toBe(200);
  });

  it('does nothing for others, or for whoever took it from them', async () => {
    const others: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${PAGE}.evil.example` },
    ];
    for (const headers of others) {
      const answer = await call(key.secret, 'POST', '/v1/counters/page:foreign/increment', { headers });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    expect((await call(ADMIN_KEY, 'GET', '/v1/counters/page:foreign')).status).toBe(404);
    expect((await send(service.app.url, 'POST', '/v1/session', { json: { key: key.secret } })).status).toBe(403);
  });

  it('has their browsers told so before, of the calls that add and no other', async () => {
    const added = await preflight('/v1/counters/page:a/increment', PAGE);
    expect([added.status, added.headers['access-control-allow-origin']]).toEqual([204, PAGE]);
    expect(added.headers['access-control-allow-headers']?.toLowerCase()).toContain('authorization');
    for (const path of ['/v1/counters/page:a/decrement', '/v1/increments']) {
      expect((await preflight(path, PAGE)).headers['access-control-allow-origin']).toBe(PAGE);
    }
    const foreign = await preflight('/v1/counters/page:a/increment', 'https://evil.example');
    expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([204, undefined]);
    for (const path of ['/v1/counters/page:a', '/v1/counters/page:a/reset', '/v1/keys']) {
      expect((await preflight(path, PAGE)).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('is told to no page any more once it is revoked', async () => {
    const page = 'https://gone.example.org';
    const { id } = await make({ scopes: ['increment'], origins: [page] });
    const allowed = async () =>
      (await preflight('/v1/increments', page)).headers['access-control-allow-origin'] === page;
    await eventually(allowed);
    await call(ADMIN_KEY, 'DELETE', `/v1/keys/${id}`);
    await eventually(async () => !(await allowed()));
  });
});

it('a key that may only add says nothing of when a counter ends: that would delete it', async () => {
  const key = await make({ scopes: ['increment'] });
  expect(await increment(key, 'lasting')).toBe(200);
  for (const expiry of [{ ttlMs: 1 }, { ttlMs: 60_000, expiry: 'ifNone' }, { expiresAt: null }]) {
    for (const [path, json] of [
      ['/v1/counters/lasting/increment', expiry],
      ['/v1/counters/lasting/decrement', expiry],
      ['/v1/increments', { increments: [{ name: 'lasting' }, { name: 'lasting', ...expiry }] }],
    ] as const) {
      expect([path, (await call(key.secret, 'POST', path, { json })).status]).toEqual([path, 403]);
    }
  }
  const kept = JSON.parse((await call(ADMIN_KEY, 'GET', '/v1/counters/lasting')).body) as object;
  expect(kept).toMatchObject({ value: 1, version: 1, expiresAt: null });
});

it('a key with a pace of its own is refused past it, and told when to come back', async () => {
  const key = await make({ scopes: ['increment'], perSecond: 1 });
  const answers: HttpAnswer[] = [];
  for (let i = 0; i < 14; i += 1) answers.push(await call(key.secret, 'POST', '/v1/counters/paced/increment'));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers[0]?.headers['ratelimit-policy']).toBe('"key";q=10;w=10');
  expect(refused.length).toBeGreaterThanOrEqual(1);
  expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  const counted = JSON.parse((await call(ADMIN_KEY, 'GET', '/v1/counters/paced')).body) as { value: number };
  expect(counted.value).toBe(answers.length - refused.length);
});
