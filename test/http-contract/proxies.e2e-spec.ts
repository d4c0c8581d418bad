/** The service behind proxies and below a path: by their headers, and through a real nginx as docs/proxies.md has it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/chromium.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { type HttpOptions, send, sendRaw } from '../support/http.js';
import { type Nginx, startNginx } from '../support/nginx.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const documentation = readFileSync(new URL('../../docs/proxies.md', import.meta.url), 'utf8');

const servers = withRedis({ ending: () => Promise.all([open.stop(), keyed.stop()]) });
/** Without keys, and with basic auth in front. */
let open: TestApp;
let keyed: TestApp;

beforeAll(async () => {
  const start = async (env: Record<string, string>) =>
    startApp({
      databaseUrl: await createTestDatabase(),
      redisUrl: servers.redis.url,
      env: { BASE_PATH: '/counts/', TRUSTED_PROXIES: '127.0.0.1', ...env },
    });
  open = await start({ ALLOWED_HOSTS: 'example.org' });
  keyed = await start({ AUTH: 'required', ADMIN_KEY, RATE_LIMIT_PER_ADDRESS: '20' });
});

describe('below a path', () => {
  it.each(['', '/counts'])(
    'calls are answered, and links lead there, where a proxy sends "%s" before a path',
    async (at) => {
      const call = (method: string, path: string, options?: HttpOptions) => send(open.url, method, at + path, options);
      for (const name of ['l1', 'l2']) expect((await call('POST', `/v1/counters/${name}/increment`)).status).toBe(200);
      const { headers } = await call('GET', '/v1/counters?limit=1&prefix=l');
      expect(headers['link']).toMatch(/^<\/counts\/v1\/counters\?/);
      const next = /<([^>]+)>/.exec(headers['link'] ?? '')?.[1] ?? '';
      expect((await send(open.url, 'GET', next)).body).toContain('"name":"l2"');

      const missing = await call('GET', '/v1/counters/missing');
      const { type } = JSON.parse(missing.body) as { type: string };
      expect(type).toBe('/counts/problems/not_found');
      expect((await send(open.url, 'GET', type)).status).toBe(200);

      const job = await call('POST', '/v1/admin/cache/reconcile');
      expect(job.headers['location']).toMatch(/^\/counts\/v1\/admin\/jobs\//);
      const { servers } = JSON.parse((await call('GET', '/openapi.json')).body) as { servers: unknown };
      expect(servers).toEqual([{ url: '/counts' }]);
      const limited = { json: { increments: [{ name: 'over', by: 9007199254740991 }, { name: 'over' }] } };
      expect((await call('POST', '/v1/increments', limited)).body).toContain('"/counts/problems/value_overflow"');
    },
  );

  it('the page and its parts are found, packed and plain', async () => {
    for (const path of ['/counts', '/counts/', '/', '/counts?x=1']) {
      const { status, body } = await send(open.url, 'GET', path);
      const parts = [...body.matchAll(/(?:src|href|content)="(\/[^"]+)"/g)].map(([, part = '']) => part);
      expect([status, parts.length]).toEqual([200, 6]);
      for (const part of parts) {
        expect(part).toMatch(/^\/counts\/assets\//);
        expect((await send(open.url, 'GET', part)).status).toBe(200);
      }
    }
    const packed = await fetch(`${open.url}/counts/`, { headers: { 'accept-encoding': 'br' } });
    expect(packed.headers.get('content-encoding')).toBe('br');
    expect(await packed.text()).toContain('"/counts/assets/');
  });

  it('what only begins alike is another path', async () => {
    for (const path of ['/countsx', '/counts2/livez', '/counts//v1/counters', '/counts/counts/livez']) {
      expect([path, (await send(open.url, 'GET', path)).status]).toEqual([path, 404]);
    }
    const broken = await sendRaw(open.url, 'hello\r\n\r\n');
    expect(broken).toContain('"type":"/counts/problems/invalid_request"');
  });

  it('the cookie is for that path alone, and safe by https', async () => {
    const set = async (headers: Record<string, string>) =>
      (await send(keyed.url, 'POST', '/counts/v1/session', { json: { key: ADMIN_KEY }, headers })).headers[
        'set-cookie'
      ];
    expect(await set({})).toMatch(/^evercount_session=.+; Path=\/counts; HttpOnly; SameSite=Strict$/);
    const secure = (await set({ 'x-forwarded-proto': 'https' })) ?? '';
    expect(secure).toMatch(/^__Secure-evercount_session=.+; Path=\/counts; HttpOnly; SameSite=Strict; Secure$/);
    const headers = { cookie: secure.split(';', 1)[0] ?? '', 'x-forwarded-proto': 'https' };
    expect((await send(keyed.url, 'GET', '/counts/v1/session', { headers })).status).toBe(200);
  });
});

describe('by what a proxy says', () => {
  it('the page is told from others, whichever way it writes the host', async () => {
    const { headers } = await send(keyed.url, 'POST', '/v1/session', { json: { key: ADMIN_KEY } });
    const cookie = headers['set-cookie']?.split(';', 1)[0] ?? '';
    const changes = async (origin: string, host: string) =>
      (
        await send(keyed.url, 'POST', '/v1/counters/own/increment', {
          headers: { cookie, origin, host: '10.0.0.1:3000', 'x-forwarded-host': host },
        })
      ).status;
    for (const host of ['example.org', 'example.org:443', 'EXAMPLE.ORG', 'example.org.']) {
      expect([host, await changes('https://example.org', host)]).toEqual([host, 200]);
    }
    for (const host of ['example.org:80', 'example.com', '10.0.0.1:3000', '']) {
      expect([host, await changes('https://example.org', host)]).toEqual([host, 403]);
    }
  });

  it('wrong keys from one address are from one address, whatever its port', async () => {
    const ask = (from: string) =>
      send(keyed.url, 'GET', '/v1/session', { headers: { authorization: 'Bearer nonsense', 'x-forwarded-for': from } });
    for (const addresses of [
      (index: number) => `203.0.113.9:${4000 + index}`,
      (index: number) => `[2001:db8:5::${index.toString(16)}]:${4000 + index}`,
      (index: number) => `unknown${index}`,
    ]) {
      const statuses: number[] = [];
      for (let index = 1; index <= 30; index += 1) statuses.push((await ask(addresses(index))).status);
      expect(statuses).toContain(429);
    }
    expect((await ask('203.0.113.10:1')).status).toBe(401);
  });
});

describe('through nginx as it is documented', () => {
  let nginx: Nginx;
  /** The ways from nginx to the service, as to two instances. */
  let ways: readonly TcpProxy[] = [];
  const basic = { authorization: `Basic ${Buffer.from('operator:secret').toString('base64')}` };

  beforeAll(async () => {
    const [, text = ''] = /```nginx\n([^]*?)```/.exec(documentation) ?? [];
    const target = { host: '127.0.0.1', port: Number(new URL(open.url).port) };
    ways = [await TcpProxy.start(target), await TcpProxy.start(target)];
    const [one, two] = ways.map(({ port }) => `127.0.0.1:${port}`);
    nginx = await startNginx(
      (listen, folder) =>
        text
          .replace('127.0.0.1:3000', one ?? '')
          .replace('127.0.0.1:3001', two ?? '')
          .replace('listen 8080', `listen 127.0.0.1:${listen}`)
          .replace('/etc/nginx/counts.htpasswd', `${folder}/htpasswd`),
      { htpasswd: 'operator:{PLAIN}secret\n' },
    );
  });
  afterAll(async () => {
    await nginx.stop();
    await Promise.all(ways.map((way) => way.close()));
  });

  const call = (method: string, path: string, options: HttpOptions = {}) =>
    send(nginx.url, method, `/counts${path}`, { ...options, headers: { ...basic, ...options.headers } });

  it('it asks for a name and a password, and the service does not', async () => {
    expect((await send(nginx.url, 'GET', '/counts/v1/counters')).status).toBe(401);
    expect((await call('GET', '/v1/counters')).status).toBe(200);
  });

  it.each([
    ['proxy%252Fcheck%2F%2Fx', 'proxy%2Fcheck//x'],
    ['a%2Fb', 'a/b'],
    ['a%2F..%2Fb', 'a/../b'],
    ['a%2F%2Fb', 'a//b'],
    ['..a', '..a'],
    ['100%25', '100%'],
    ['%3Fx=1%23y', '?x=1#y'],
    ['a+b%20c', 'a+b c'],
    ['%E6%97%A5', '日'],
  ])('the name %s is %s', async (path, name) => {
    const { status, body } = await call('PUT', `/v1/counters/${path}`, { json: { value: 3 } });
    expect([status, (JSON.parse(body) as { name: string }).name]).toEqual([201, name]);
    expect((await send(open.url, 'GET', `/v1/counters/${path}`)).status).toBe(200);
  });

  it('a name that would lead out of the path counts nothing else', async () => {
    const list = async () => (await send(open.url, 'GET', '/v1/counters?limit=1000')).body;
    const before = await list();
    for (const name of ['..%2F..%2F..%2Fx', '..%2F..%2F..%2F..%2F..%2Fx', '%2e%2e']) {
      const { status } = await call('POST', `/v1/counters/${name}/increment`);
      expect([400, 404]).toContain(status);
    }
    expect(await list()).toBe(before);
  });

  it('what it compressed can be asked for again, and changed by its tag', async () => {
    const gzip = { 'accept-encoding': 'gzip' };
    await call('PUT', '/v1/counters/tagged', { json: { value: 1 } });
    const { headers } = await call('GET', '/v1/counters/tagged', { headers: gzip });
    expect([headers['content-encoding'], headers['etag']]).toEqual(['gzip', 'W/"1"']);
    const tag = headers['etag'] ?? '';
    expect((await call('GET', '/v1/counters/tagged', { headers: { ...gzip, 'if-none-match': tag } })).status).toBe(304);
    const set = () => call('PUT', '/v1/counters/tagged', { json: { value: 2 }, headers: { 'if-match': tag } });
    expect((await set()).status).toBe(200);
    expect((await set()).status).toBe(412);
  });

  it('an instance that was restarted is asked again before nginx by itself would ask it', async () => {
    const increment = async () => (await call('POST', '/v1/counters/rolled/increment')).status;
    for (const [restarted, next] of [ways, ways.toReversed()]) {
      await restarted?.setMode({ kind: 'refuse' });
      for (let index = 0; index < ways.length; index += 1) expect(await increment()).toBe(200);
      await restarted?.setMode({ kind: 'pass' });
      await next?.setMode({ kind: 'refuse' });
      // By itself it would take ten seconds.
      await eventually(async () => (await increment()) === 200, 6_000);
      await next?.setMode({ kind: 'pass' });
    }
  });

  it('a stream tells changes as they come', async () => {
    const stream = await EventSource.open(`${nginx.url}/counts`, 'name=streamed', basic);
    try {
      await eventually(() => stream.events.some(({ event }) => event === 'snapshot'));
      await call('POST', '/v1/counters/streamed/increment');
      await eventually(() => stream.events.some(({ event }) => event === 'change'));
    } finally {
      stream.close();
    }
  });

  it('the page works in a browser, and changes something', async () => {
    const browser = await startBrowser();
    try {
      const context = await browser.newContext({ httpCredentials: { username: 'operator', password: 'secret' } });
      const page = await context.newPage();
      await call('PUT', '/v1/counters/shown', { json: { value: 41 } });
      await page.goto(`${nginx.url}/counts`);
      await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
      await page.goto(`${nginx.url}/counts/#/counters/shown`);
      await page.locator('.counter .number', { hasText: '41' }).waitFor();
      await call('POST', '/v1/counters/shown/increment');
      await page.locator('.counter .number', { hasText: '42' }).waitFor();
      await page.goto(`${nginx.url}/counts/#/operations`);
      await page.getByRole('button', { name: 'Reconcile' }).click();
      const answered = page.waitForResponse((response) => response.url().endsWith('/counts/v1/admin/cache/reconcile'));
      await page.getByRole('dialog').getByRole('button', { name: 'Reconcile' }).click();
      expect((await answered).status()).toBe(202);
    } finally {
      await browser.close();
    }
  });
});
