import { describe, expect, it } from '@jest/globals';
import { newApiKey, newKeyId, newSession } from '../../src/access/api-key.js';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { SIGN_INS } from '../../src/access/rate-limits.js';
import { SESSIONS_PER_KEY } from '../../src/access/sign-in.js';
import { SCOPES } from '../../src/domain/scope.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

/** Slow enough that hardly anything comes back while a test runs: ten at once, one a second. */
const PER_KEY = 1;
const QUOTA = 10 * PER_KEY;

const service = withService({
  inside: true,
  env: {
    AUTH: 'required',
    ADMIN_KEY,
    RATE_LIMIT_PER_KEY: String(PER_KEY),
    RATE_LIMIT_PER_ADDRESS: '40',
    TRUSTED_PROXIES: '127.0.0.1',
  },
  two: true,
});

const makeKey = async () => {
  const wish = { label: 'limited', scopes: SCOPES, prefix: '', expiresAt: null };
  return (await service.app.nest.get(KeyAdministration).create(wish)).key;
};

const read = (at: TestApp, key: string, from: string, path = '/v1/session') =>
  send(at.url, 'GET', path, { headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': from } });

describe('a key', () => {
  it('is told what it has left, and how long to wait when that is nothing', async () => {
    const key = await makeKey();
    const first = await read(service.app, key, '192.0.2.1');
    expect(first.headers).toMatchObject({
      'ratelimit-policy': `"key";q=${QUOTA};w=10`,
      ratelimit: `"key";r=${QUOTA - 1};t=1`,
    });
    const answers = await Promise.all(Array.from({ length: 2 * QUOTA }, () => read(service.app, key, '192.0.2.1')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(QUOTA / 2);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(QUOTA - 1);
    expect(JSON.parse(refused[0]?.body ?? '')).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(refused[0]?.headers['ratelimit']).toMatch(/^"key";r=0;t=\d+$/);
    // Another key at the same address, and a probe, do not notice.
    expect((await read(service.app, await makeKey(), '192.0.2.1')).status).toBe(200);
    expect((await send(service.app.url, 'GET', '/readyz')).headers['ratelimit']).toBeUndefined();
  });

  it('gets it once from all instances together, as soon as they have told each other', async () => {
    const key = await makeKey();
    const leftAt = async (at: TestApp) =>
      Number(/r=(\d+)/.exec((await read(at, key, '192.0.2.2')).headers['ratelimit'] ?? '')?.[1]);
    await leftAt(service.other);
    // The second instance keeps asking, so that it goes on learning; the first one takes what there is.
    await eventually(async () => {
      await Promise.all(Array.from({ length: 20 }, () => read(service.app, key, '192.0.2.2')));
      return (await leftAt(service.other)) < QUOTA / 2;
    });
  });

  it('pays for the items of its batches', async () => {
    const key = await makeKey();
    const names = Array.from({ length: 500 }, (_, at) => `n${at}`);
    const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': '192.0.2.3' };
    await send(service.app.url, 'POST', '/v1/reads', { json: { names }, headers });
    const left = Number(/r=(\d+)/.exec((await read(service.app, key, '192.0.2.3')).headers['ratelimit'] ?? '')?.[1]);
    expect(left).toBeLessThan(QUOTA / 2 + PER_KEY);
  });
});

describe('the address', () => {
  const signIn = (key: string, from: string) =>
    send(service.app.url, 'POST', '/v1/session', { json: { key }, headers: { 'x-forwarded-for': from } });

  it.each([
    ['198.51.100.7', 'as a header', (key: string, from: string) => read(service.app, key, from)],
    ['198.51.100.8', 'to sign in', signIn],
  ])('%s soon cannot try out keys %s any more, while others can work', async (from, _, present) => {
    const key = await makeKey();
    // Far fewer tries than requests that an address may make: each costs as much as a hundred.
    const statuses: number[] = [];
    while (statuses.length < 20) statuses.push((await present(`${key}x`, from)).status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await present(key, '198.51.100.9')).status).toBe(200);
  });

  /** Of the right form, and nobody's. */
  const strange = () => newApiKey(newKeyId());

  it('from which bad keys come is not locked out for who is known there', async () => {
    const from = '198.51.100.20';
    const key = await makeKey();
    expect((await read(service.app, key, from)).status).toBe(200);
    const statuses: number[] = [];
    while (statuses.length < 20) statuses.push((await read(service.app, strange(), from)).status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await read(service.app, key, from)).status).toBe(200);
  });

  it('of which strangers ask for all that it may is not locked out for who is known there', async () => {
    const env = { AUTH: 'required', ADMIN_KEY, RATE_LIMIT_PER_ADDRESS: '1' };
    const small = await startApp({ ...service.urls, env });
    const ask = async (headers: Record<string, string>) =>
      (await send(small.url, 'GET', '/v1/session', { headers })).status;
    const known = { authorization: `Bearer ${ADMIN_KEY}` };
    try {
      expect(await ask(known)).toBe(200);
      await eventually(async () => (await Promise.all(Array.from({ length: 20 }, () => ask({})))).includes(429));
      expect(await ask(known)).toBe(200);
    } finally {
      await small.stop();
    }
  });

  it('soon cannot try out sessions any more, to sign out either', async () => {
    const headers = () => ({ cookie: `evercount_session=${newSession()}`, 'x-forwarded-for': '198.51.100.21' });
    const statuses: number[] = [];
    while (statuses.length < 20) {
      statuses.push((await send(service.app.url, 'DELETE', '/v1/session', { headers: headers() })).status);
    }
    expect(new Set(statuses)).toEqual(new Set([204, 429]));
    expect((await send(service.app.url, 'GET', '/v1/session', { headers: headers() })).status).toBe(429);
  });

  it('may send what has no form of a key as often as anything else: nothing is looked up for it', async () => {
    const env = { AUTH: 'required', RATE_LIMIT_PER_ADDRESS: '40', TRUSTED_PROXIES: '127.0.0.1' };
    const keyed = await startApp({ ...service.urls, env });
    try {
      const statuses: number[] = [];
      while (statuses.length < 20) statuses.push((await read(keyed, 'nonsense', '198.51.100.22')).status);
      expect(new Set(statuses)).toEqual(new Set([401]));
      expect((await read(keyed, await makeKey(), '198.51.100.22')).status).toBe(200);
    } finally {
      await keyed.stop();
    }
  });

  it('of whoever brings no key is limited too, also where none is asked for', async () => {
    const open = await startApp({ ...service.urls, env: { RATE_LIMIT: 'on', RATE_LIMIT_PER_ADDRESS: '1' } });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(open.url, 'GET', '/v1/counters')));
      expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(5);
      expect(answers[0]?.headers['ratelimit-policy']).toBe('"address";q=10;w=10');
    } finally {
      await open.stop();
    }
  });
});

describe('a browser', () => {
  const signIn = (at: TestApp, key: string) =>
    send(at.url, 'POST', '/v1/session', { json: { key }, headers: { 'x-forwarded-for': '192.0.2.4' } });

  it('signs in with a key so many times in a minute, and then waits', async () => {
    const key = await makeKey();
    const answers: HttpAnswer[] = [];
    while (answers.length < 2 * SIGN_INS) answers.push(await signIn(service.app, key));
    const late = answers.filter(({ status }) => status === 429);
    expect(late.length).toBeGreaterThan(SIGN_INS / 4);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(SIGN_INS);
    expect(Number(late[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    // With another key, and with the key itself, all goes on.
    expect((await signIn(service.app, await makeKey())).status).toBe(200);
  });
});

it('without limits nothing is said of any; but one key has so many sessions, and the first of them end', async () => {
  const free = await startApp({ ...service.urls, env: { AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' } });
  const signIn = async (key: string) => {
    const answer = await send(free.url, 'POST', '/v1/session', { json: { key } });
    return answer.headers['set-cookie']?.split(';', 1)[0] ?? '';
  };
  const status = async (cookie: string) => (await send(free.url, 'GET', '/v1/session', { headers: { cookie } })).status;
  try {
    expect((await read(free, ADMIN_KEY, '192.0.2.1')).headers['ratelimit']).toBeUndefined();
    const other = await signIn(await makeKey());
    const key = await makeKey();
    const cookies: string[] = [];
    while (cookies.length < SESSIONS_PER_KEY + 2) cookies.push(await signIn(key));
    for (const ended of cookies.slice(0, 2)) await eventually(async () => (await status(ended)) === 401);
    for (const kept of [other, ...cookies.slice(2)]) expect(await status(kept)).toBe(200);
  } finally {
    await free.stop();
  }
});
