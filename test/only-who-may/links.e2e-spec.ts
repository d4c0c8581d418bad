/** A link shows one counter, or those of a prefix, to whoever has it, until it ends; it opens nothing else. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, send } from '../support/http.js';
import { command, connectRaw } from '../support/resp.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const ODD = `<b>&"'/é`;

const service = withService({
  env: {
    AUTH: 'required',
    ADMIN_KEY,
    RATE_LIMIT: 'off',
    RESP_PORT: '0',
    EMBED_ANCESTORS: 'https://a.example.org,https://b.example.org',
  },
});

const call = (method: string, path: string, json?: unknown): Promise<HttpAnswer> =>
  send(service.app.url, method, path, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(json === undefined ? {} : { json }),
  });
const look = (path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> =>
  send(service.app.url, 'GET', path, { headers });

interface Link {
  readonly id: string;
  readonly token: string;
}

async function linkTo(wish: object): Promise<Link> {
  const { status, body } = await call('POST', '/v1/links', wish);
  if (status !== 201) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as Link;
}

const badge = (name: string, token: string, more = '') =>
  look(`/badge/${encodeURIComponent(name)}.svg?link=${token}${more}`);

beforeAll(async () => {
  for (const [name, value] of Object.entries({ shop: 1_234_567, 'shop:a': 2, 'shop:b': 3, bank: 4, [ODD]: -5 }))
    await call('PUT', `/v1/counters/${encodeURIComponent(name)}`, { value });
});

describe('what it opens', () => {
  it('one counter, and none that begins as it does', async () => {
    const { token } = await linkTo({ name: 'shop' });
    expect(await badge('shop', token)).toMatchObject({ status: 200, body: expect.stringContaining('>1,234,567<') });
    expect((await look(`/embed/shop?link=${token}`)).status).toBe(200);
    for (const name of ['shop:a', 'bank', 'new']) {
      expect([name, (await badge(name, token)).status]).toEqual([name, 403]);
      expect([name, (await look(`/embed/${name}?link=${token}`)).status]).toEqual([name, 403]);
    }
  });

  it('those of a prefix', async () => {
    const { token } = await linkTo({ prefix: 'shop:' });
    expect([(await badge('shop:a', token)).status, (await badge('shop:gone', token)).status]).toEqual([200, 404]);
    for (const name of ['shop', 'bank']) expect([name, (await badge(name, token)).status]).toEqual([name, 403]);
  });

  it('pictures and pages alone: it is no key, over no protocol', async () => {
    const { token } = await linkTo({ prefix: '' });
    for (const path of ['/v1/counters/shop', '/v1/counters', '/v1/links', '/v1/stream?name=shop']) {
      expect([path, (await look(path, { authorization: `Bearer ${token}` })).status]).toEqual([path, 401]);
      const joined = `${path}${path.includes('?') ? '&' : '?'}link=${token}`;
      expect([path, (await look(joined)).status]).toEqual([path, 401]);
    }
    const raw = await connectRaw(service.app.respPort);
    expect(await raw.ask(command('auth', token), '\r\n')).toMatch(/^-WRONGPASS /);
    raw.close();
  });

  it('nothing without one, and nothing with one that was made up', async () => {
    const { token } = await linkTo({ name: 'shop' });
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    const other = token.replace(/^el_.{13}/, 'el_0000000000000');
    for (const wrong of ['', 'x', forged, other, ADMIN_KEY])
      expect([wrong, (await badge('shop', wrong)).status]).toEqual([wrong, 401]);
    expect((await look('/badge/shop.svg')).status).toBe(401);
    expect((await look('/badge/shop.svg', { authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(200);
  });
});

describe('when it ends', () => {
  it('when it is revoked', async () => {
    const [one, other] = [await linkTo({ name: 'shop', label: 'one' }), await linkTo({ name: 'shop' })];
    expect((await badge('shop', one.token)).status).toBe(200);
    expect((await call('DELETE', `/v1/links/${one.id}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/links/${one.id}`)).status).toBe(404);
    expect([(await badge('shop', one.token)).status, (await badge('shop', other.token)).status]).toEqual([401, 200]);
    const { data } = JSON.parse((await call('GET', '/v1/links?limit=1000')).body) as { data: Link[] };
    expect(data.find(({ id }) => id === one.id)).toMatchObject({
      label: 'one',
      token: null,
      revokedAt: expect.any(String),
    });
    expect(data.find(({ id }) => id === other.id)).toMatchObject({ token: other.token, revokedAt: null });
    const audited = await call('GET', `/v1/audit?subject=${one.id}`);
    expect(audited.body).toMatch(/"link\.revoke".*"link\.make"/);
    expect(audited.body).not.toContain(one.token);
  });

  it('at its time, by the clock of the database', async () => {
    expect((await call('POST', '/v1/links', { name: 'shop', expiresAt: '2020-01-01T00:00:00Z' })).status).toBe(400);
    for (const label of ['a\0b', 'a\ud800b'])
      expect((await call('POST', '/v1/links', { name: 'shop', label })).status).toBe(400);
    const never = await call('POST', '/v1/links', { name: 'shop', expiresAt: '2030-13-01T00:00:00Z' });
    expect(never.body).toContain('/expiresAt must be a date-time of ISO 8601');
    // Of the year 10000, which no date-time has room for.
    for (const [path, wish] of [
      ['/v1/links', { name: 'shop' }],
      ['/v1/keys', { label: 'x', scopes: ['read'] }],
    ] as const)
      expect((await call('POST', path, { ...wish, expiresAt: '9999-12-31T23:59:59-14:00' })).status).toBe(400);
    const expiresAt = new Date(Date.now() + 2_000).toISOString();
    const { token } = await linkTo({ name: 'shop', expiresAt });
    await eventually(async () => (await badge('shop', token)).status === 401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  });

  it('with all others, by another secret', async () => {
    const before = await linkTo({ name: 'shop' });
    expect((await badge('shop', before.token)).status).toBe(200);
    const { status, body } = await call('DELETE', '/v1/links');
    expect([status, (JSON.parse(body) as { revoked: number }).revoked > 0]).toEqual([200, true]);
    expect((await badge('shop', before.token)).status).toBe(401);
    expect((await badge('shop', (await linkTo({ name: 'shop' })).token)).status).toBe(200);
  });
});

describe('what is shown', () => {
  it('a picture that may be kept for ten seconds, in several styles, in which no name is markup', async () => {
    const { token } = await linkTo({ prefix: '' });
    const { headers, body } = await badge(ODD, token);
    expect(headers).toMatchObject({ 'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=10' });
    expect(body).toContain('&lt;b&gt;&amp;&quot;&#39;/é');
    expect(body.replaceAll('&lt;b&gt;', '')).not.toContain('<b>');
    expect(body).toContain('>-5<');
    const shown = await Promise.all(
      ['', '&style=square', '&style=plain', '&color=ff0', '&label=', '&label=A%20%3Clabel%3E'].map(
        async (more) => (await badge('shop', token, more)).body,
      ),
    );
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown.at(-1)).toContain('A &lt;label&gt;');
    for (const wrong of ['&style=round', '&color=red', '&color=%22%2F%3E', '&label=%00', '&more=1'])
      expect([wrong, (await badge('shop', token, wrong)).status]).toEqual([wrong, 400]);
  });

  it('a page that the pages of EMBED_ANCESTORS may frame, and nothing else of the service is', async () => {
    const { token } = await linkTo({ prefix: '' });
    const { headers, body } = await look(`/embed/${encodeURIComponent(ODD)}?link=${token}`);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toMatch(/; frame-ancestors https:\/\/a\.example\.org https:\/\/b\.example\.org$/);
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/,
    );
    expect(body).toContain('<output aria-live="polite">-5</output><h1>&lt;b&gt;&amp;&quot;&#39;/é</h1>');
    for (const path of ['/', '/docs', `/badge/shop.svg?link=${token}`, '/embed/shop'])
      expect([path, (await look(path)).headers['content-security-policy']]).toEqual([
        path,
        expect.stringMatching(/frame-ancestors 'none'/),
      ]);
  });

  it('to a key as its own alone, which no cache in between may keep', async () => {
    const { headers } = await look('/badge/shop.svg', { authorization: `Bearer ${ADMIN_KEY}` });
    expect(headers['cache-control']).toBe('private, max-age=10');
  });
});
