import { describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { SCOPES } from '../../src/domain/scope.js';
import { startApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const increment = '/v1/counters/shop:a/increment';

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, TRUSTED_PROXIES: '127.0.0.1', CORS_ORIGINS: 'https://pages.example.org' },
  two: true,
});

const keys = () => service.app.nest.get(KeyAdministration);
const made = () => keys().create({ label: 'browser', scopes: SCOPES, prefix: 'shop:', expiresAt: null });

/** What the browser keeps: the cookie alone. */
async function signIn(key: string, headers: Record<string, string> = {}): Promise<{ cookie: string; set: string }> {
  const answer = await send(service.app.url, 'POST', '/v1/session', { json: { key }, headers });
  expect(answer.status).toBe(200);
  const set = answer.headers['set-cookie'] ?? '';
  return { cookie: set.split(';', 1)[0] ?? '', set };
}

const status = async (method: string, path: string, headers: Record<string, string>, at = service.app) =>
  (await send(at.url, method, path, { headers })).status;

describe('a browser', () => {
  it('signs in with a key, and keeps what no script can read and no other site can use', async () => {
    const { key, id } = await made();
    const { cookie, set } = await signIn(key);
    expect(set).toMatch(/^evercount_session=es_[0-9a-z]{50}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(set).not.toContain(key);
    const secure = (await signIn(key, { 'x-forwarded-proto': 'https' })).set;
    expect(secure).toMatch(
      /^__Host-evercount_session=es_[0-9a-z]{50}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    for (const at of service.apps) {
      const shown = await send(at.url, 'GET', '/v1/session', { headers: { cookie } });
      expect(JSON.parse(shown.body)).toEqual({ auth: 'required', keyId: id, scopes: [...SCOPES], prefix: 'shop:' });
    }
    expect(await status('POST', '/v1/session', {})).toBe(400);
    const wrong = await send(service.app.url, 'POST', '/v1/session', { json: { key: `${key}x` } });
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined]);
  });

  it('may do what the key may, and no more', async () => {
    const { cookie } = await signIn((await made()).key);
    expect(await status('POST', increment, { cookie, origin: service.app.url })).toBe(200);
    expect(await status('GET', '/v1/counters/shop:a', { cookie })).toBe(200);
    expect(await status('GET', '/v1/counters/bank:a', { cookie })).toBe(403);
    expect(await status('GET', '/v1/admin/cache', { cookie })).toBe(403);
  });

  it("changes nothing for another site's page, nor for one that does not say where it is from", async () => {
    const { cookie } = await signIn((await made()).key);
    for (const origin of ['https://evil.org', 'null', 'https://pages.example.org', `${service.app.url}.evil.org`]) {
      expect([origin, await status('POST', increment, { cookie, origin })]).toEqual([origin, 403]);
      expect(await status('POST', '/v1/session', { origin })).toBe(403);
      expect(await status('DELETE', '/v1/session', { cookie, origin })).toBe(403);
    }
    expect(await status('POST', increment, { cookie })).toBe(403);
    expect(await status('POST', increment, { cookie, origin: service.app.url })).toBe(200);
    // Nor is the cookie sent along from elsewhere: the service never allows that.
    const answer = await send(service.app.url, 'GET', '/v1/session', {
      headers: { origin: 'https://pages.example.org' },
    });
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': 'https://pages.example.org' });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('cannot take a key for a session, nor a session for a key', async () => {
    const { key } = await made();
    const { cookie } = await signIn(key);
    const session = cookie.split('=')[1] ?? '';
    expect(await status('GET', '/v1/session', { cookie })).toBe(200);
    expect(await status('GET', '/v1/session', { authorization: `Bearer ${session}` })).toBe(401);
    expect(await status('GET', '/v1/session', { authorization: `Bearer ${key}` })).toBe(200);
    expect(await status('GET', '/v1/session', { cookie: `evercount_session=${key}` })).toBe(401);
  });
});

describe('a cookie that somebody else put there', () => {
  const https = { 'x-forwarded-proto': 'https' };

  it('is no session by https, unless the browser saw to it that this host alone could set it', async () => {
    const { cookie } = await signIn((await made()).key, https);
    expect(cookie).toMatch(/^__Host-/);
    expect(await status('GET', '/v1/session', { cookie, ...https })).toBe(200);
    const plain = cookie.replace('__Host-', '');
    expect(await status('GET', '/v1/session', { cookie: plain, ...https })).toBe(401);
    expect(await status('GET', '/v1/session', { cookie: `${plain}; ${cookie}`, ...https })).toBe(200);
    // Nor is one of https one without it, where anybody on the way could have set it.
    expect(await status('GET', '/v1/session', { cookie })).toBe(401);
  });

  it('beside that of the browser makes neither of them good', async () => {
    const [mine, others] = [await signIn((await made()).key), await signIn((await made()).key)];
    const bad = 'evercount_session=es_x';
    for (const cookies of [
      [mine, others],
      [others, mine],
    ].map((two) => two.map(({ cookie }) => cookie))) {
      expect(await status('GET', '/v1/session', { cookie: cookies.join('; ') })).toBe(401);
      expect(await status('POST', increment, { cookie: cookies.join(';'), origin: service.app.url })).toBe(401);
    }
    expect(await status('GET', '/v1/session', { cookie: `${mine.cookie}; ${bad}` })).toBe(401);
    expect(await status('GET', '/v1/session', { cookie: `a=b; ${mine.cookie}; xevercount_session=c` })).toBe(200);
    // Signing out ends both.
    const both = `${mine.cookie}; ${others.cookie}`;
    expect(await status('DELETE', '/v1/session', { cookie: both, origin: service.app.url })).toBe(204);
    for (const { cookie } of [mine, others]) expect(await status('GET', '/v1/session', { cookie })).toBe(401);
  });

  it('or was there before ends when the browser signs in', async () => {
    const { key } = await made();
    const before = await signIn(key);
    expect(await status('GET', '/v1/session', { cookie: before.cookie })).toBe(200);
    const wrong = await send(service.app.url, 'POST', '/v1/session', {
      json: { key: 'x' },
      headers: { cookie: before.cookie },
    });
    expect(wrong.status).toBe(401);
    expect(await status('GET', '/v1/session', { cookie: before.cookie })).toBe(200);
    const after = await signIn(key, { cookie: before.cookie, origin: service.app.url });
    expect(await status('GET', '/v1/session', { cookie: before.cookie })).toBe(401);
    expect(await status('GET', '/v1/session', { cookie: after.cookie })).toBe(200);
  });
});

it('what a session opened is kept by no cache in between', async () => {
  const { key } = await made();
  const { cookie } = await signIn(key);
  await status('POST', increment, { cookie, origin: service.app.url });
  const paths = ['/v1/counters/shop:a', '/v1/counters/shop:none', '/v1/counters', '/v1/counters/shop:a/history'];
  for (const path of [...paths, '/v1/summary', '/v1/session', '/v1/counters/bank:a', '/v1/admin/cache']) {
    const cached = (await send(service.app.url, 'GET', path, { headers: { cookie } })).headers['cache-control'];
    expect([path, cached]).toEqual([path, expect.stringMatching(/^private, no-(cache|store)$/)]);
  }
  const tag =
    (await send(service.app.url, 'GET', '/v1/counters/shop:a', { headers: { cookie } })).headers['etag'] ?? '';
  const kept = await send(service.app.url, 'GET', '/v1/counters/shop:a', { headers: { cookie, 'if-none-match': tag } });
  expect([kept.status, kept.headers['cache-control']]).toEqual([304, 'private, no-cache']);
  const byKey = await send(service.app.url, 'GET', '/v1/counters/shop:a', {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(byKey.headers['cache-control']).toBe('no-cache');
});

it('a session goes on beside an Authorization that a proxy asks browsers for', async () => {
  const { key } = await made();
  const { cookie } = await signIn(key);
  const other = await made();
  for (const authorization of ['Basic dXNlcjpwYXNz', 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.x', 'Negotiate abc', '']) {
    expect([authorization, await status('GET', '/v1/session', { cookie, authorization })]).toEqual([
      authorization,
      200,
    ]);
    const headers = { cookie, authorization, origin: service.app.url };
    expect([authorization, await status('POST', increment, headers)]).toEqual([authorization, 200]);
    // It lets nobody in by itself.
    expect([authorization, await status('GET', '/v1/session', { authorization })]).toEqual([authorization, 401]);
  }
  const shown = await send(service.app.url, 'GET', '/v1/session', {
    headers: { cookie, authorization: `Bearer ${other.key}` },
  });
  expect(JSON.parse(shown.body)).toMatchObject({ keyId: other.id });
  expect(await status('GET', '/v1/session', { cookie, authorization: 'Bearer ec_wrong' })).toBe(401);
});

describe('a session ends everywhere', () => {
  const endsWith = async (cookie: string, end: () => Promise<unknown>) => {
    for (const at of service.apps) expect(await status('GET', '/v1/session', { cookie }, at)).toBe(200);
    await end();
    for (const at of service.apps) {
      await eventually(async () => (await status('GET', '/v1/session', { cookie }, at)) === 401);
    }
  };

  it('when the browser signs out', async () => {
    const { cookie } = await signIn((await made()).key);
    await endsWith(cookie, async () => {
      const answer = await send(service.app.url, 'DELETE', '/v1/session', {
        headers: { cookie, origin: service.app.url },
      });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([204, expect.stringContaining('Max-Age=0;')]);
      expect(await status('GET', '/v1/session', { cookie })).toBe(401);
    });
  });

  it('when its key is revoked', async () => {
    const { id, key } = await made();
    const { cookie } = await signIn(key);
    await endsWith(cookie, () => keys().revoke(id));
  });

  it('when the secret it was begun with was rotated away', async () => {
    const { id, key } = await made();
    const { cookie } = await signIn(key);
    await keys().rotate(id, 60_000);
    expect(await status('GET', '/v1/session', { cookie })).toBe(200);
    await endsWith(cookie, () => keys().rotate(id, 60_000));
  });
});

describe('the log', () => {
  it('names who operated the service', async () => {
    const { cookie } = await signIn(ADMIN_KEY);
    await status('POST', '/v1/admin/cache/flush?key=x', {
      cookie,
      origin: service.app.url,
      'x-request-id': 'the-flush',
    });
    // Nest's logger is one for the process: that of the service started last.
    const lines = service.apps.flatMap(({ log }) => log);
    const [line] = lines.filter((text) => text.includes('"the-flush"')).map((text) => JSON.parse(text) as object);
    expect(line).toMatchObject({ msg: 'admin action', keyId: 'admin', method: 'POST', path: '/v1/admin/cache/flush' });
  });

  it('holds no key, wherever a client puts it', async () => {
    const talkative = await startApp({
      inside: true,
      databaseUrl: await createTestDatabase(),
      redisUrl: service.redis.url,
      env: { AUTH: 'required', ADMIN_KEY, LOG_LEVEL: 'trace' },
    });
    try {
      const wish = { label: 'talkative', scopes: SCOPES, prefix: '', expiresAt: null };
      const { key } = await talkative.nest.get(KeyAdministration).create(wish);
      const answer = await send(talkative.url, 'POST', '/v1/session', { json: { key } });
      const cookie = answer.headers['set-cookie']?.split(';', 1)[0] ?? '';
      for (const secret of [key, ADMIN_KEY, cookie.split('=')[1] ?? '']) {
        const headers = { authorization: `Bearer ${secret}` };
        await send(talkative.url, 'POST', increment, { headers });
        await send(talkative.url, 'POST', '/v1/admin/cache/flush', { headers, json: { key: secret } });
        await send(talkative.url, 'GET', '/v1/counters', { headers: { authorization: secret } });
        await send(talkative.url, 'GET', `/v1/counters?key=${secret}`, { headers });
        await send(talkative.url, 'GET', `/v1/counters?prefix=${secret}&token=${secret}`);
        await send(talkative.url, 'GET', `/${secret}`);
        await send(talkative.url, 'POST', `/v1/counters/${secret}/increment`, { headers });
        await send(talkative.url, 'GET', '/v1/session', { headers: { cookie, 'x-request-id': secret } });
        await send(talkative.url, 'GET', '/v1/session', { headers: { ...headers, referer: `http://a/?${secret}` } });
      }
      const log = talkative.log.join('');
      expect(talkative.log.length).toBeGreaterThan(20);
      expect(log).toContain('/v1/counters');
      const session = cookie.split('=')[1] ?? '';
      const secrets = { key: key.split('_')[2] ?? '', admin: ADMIN_KEY, session: session.slice('es_'.length) };
      const told = Object.entries(secrets).filter(([, secret]) => log.includes(secret));
      expect(told.map(([kind]) => kind)).toEqual([]);
    } finally {
      await talkative.stop();
    }
  });
});
