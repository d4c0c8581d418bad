/** What pages of others, and names of others that lead here, can do with the browser of somebody who may call. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { SCOPES } from '../../src/domain/scope.js';
import { startApp, type TestApp } from '../support/app.js';
import { send, sendRaw } from '../support/http.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const ALLOWED_ORIGIN = 'https://pages.example.org';

const servers = withRedis({ ending: () => Promise.all([open.stop(), keyed.stop(), named.stop()]) });
/** As `npm start` and compose run it. */
let open: TestApp;
/** As it runs where others can connect. */
let keyed: TestApp;
let named: TestApp;

beforeAll(async () => {
  const start = async (env: Record<string, string>) =>
    startApp({ databaseUrl: await createTestDatabase(), redisUrl: servers.redis.url, env, inside: true });
  open = await start({ CORS_ORIGINS: ALLOWED_ORIGIN });
  keyed = await start({ AUTH: 'required', ADMIN_KEY, CORS_ORIGINS: ALLOWED_ORIGIN });
  named = await start({
    AUTH: 'required',
    ADMIN_KEY,
    ALLOWED_HOSTS: 'counts.example.org, 10.1.2.3:8080, [2001:db8::1]',
  });
});

/** Every call that changes something, with what it needs beside its path. */
const CHANGES: readonly (readonly [method: string, path: string, json?: unknown])[] = [
  ['POST', '/v1/counters/c/increment'],
  ['POST', '/v1/counters/c/decrement'],
  ['POST', '/v1/counters/c/reset'],
  ['PUT', '/v1/counters/c', { value: 1 }],
  ['POST', '/v1/increments', { increments: [{ name: 'c' }] }],
  ['POST', '/v1/admin/cache/flush'],
  ['POST', '/v1/admin/cache/rehydrate'],
  ['POST', '/v1/admin/cache/reconcile'],
  ['POST', '/v1/session', { key: ADMIN_KEY }],
  ['DELETE', '/v1/session'],
  // Last: what was counted before is there to be deleted.
  ['DELETE', '/v1/counters/c'],
];

interface Refusal {
  readonly status: number;
  readonly code: unknown;
}

const refusalOf = async (
  app: TestApp,
  method: string,
  path: string,
  headers: Record<string, string>,
  json?: unknown,
): Promise<Refusal> => {
  const { status, body } = await send(app.url, method, path, { headers, ...(json === undefined ? {} : { json }) });
  return { status, code: body.startsWith('{') ? (JSON.parse(body) as { code?: unknown }).code : undefined };
};

const hostOf = ({ url }: TestApp) => new URL(url).host;
const portOf = ({ url }: TestApp) => new URL(url).port;
const bearer = { authorization: `Bearer ${ADMIN_KEY}` };

describe('a name of somebody else that leads here', () => {
  const foreign = ['evil.example', 'evil.example:3000', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.5'];
  const more = ['128.0.0.1', '[::2]:3000', 'localhost@evil.example', '0.0.0.0', 'xlocalhost', 'counts.example.org'];

  it('reads and changes nothing of a service without keys', async () => {
    for (const host of [...foreign, ...more]) {
      for (const path of ['/v1/counters', '/v1/counters/c', '/metrics', '/', '/docs', '/nowhere', '/v1/admin/cache']) {
        expect([host, path, await refusalOf(open, 'GET', path, { host })]).toEqual([
          host,
          path,
          { status: 421, code: 'misdirected' },
        ]);
      }
      for (const [method, path, json] of CHANGES) {
        // It is the page's own origin then.
        const headers = { host, origin: `http://${host}` };
        expect([host, (await refusalOf(open, method, path, headers, json)).status]).toEqual([host, 421]);
      }
      expect((await refusalOf(open, 'OPTIONS', '/v1/counters/c', { host })).status).toBe(421);
    }
    for (const head of ['1.0', '1.1\r\nConnection: close\r\nHost: ']) {
      expect(await sendRaw(open.url, `GET /v1/counters HTTP/${head}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 421 /);
    }
  });

  it('is told from those of this machine, with any port', async () => {
    const own = [
      'localhost',
      'LOCALHOST:1',
      'localhost.',
      '127.0.0.1',
      '127.255.0.9:80',
      '[::1]',
      '[::1]:9',
      hostOf(open),
    ];
    for (const host of own)
      expect([host, (await refusalOf(open, 'GET', '/v1/counters', { host })).status]).toEqual([host, 200]);
  });

  it('may ask whether the service lives: probes call addresses', async () => {
    for (const app of [open, named]) {
      for (const path of ['/livez', '/readyz', '/readyz?degraded=ok']) {
        for (const method of ['GET', 'HEAD']) {
          expect([path, (await refusalOf(app, method, path, { host: '10.0.0.5:3000' })).status]).toEqual([path, 200]);
        }
      }
      expect((await refusalOf(app, 'GET', '/livezz', { host: '10.0.0.5:3000' })).status).toBe(421);
    }
  });

  it('may be any where keys are asked for, unless the settings say which', async () => {
    for (const host of [...foreign, ...more]) {
      expect([host, (await refusalOf(keyed, 'GET', '/v1/counters', { host, ...bearer })).status]).toEqual([host, 200]);
    }
    const status = async (host: string) => (await refusalOf(named, 'GET', '/v1/counters', { host, ...bearer })).status;
    for (const host of [
      'Counts.Example.Org',
      'counts.example.org:81',
      '10.1.2.3:8080',
      '[2001:DB8::1]:5',
      hostOf(named),
    ]) {
      expect([host, await status(host)]).toEqual([host, 200]);
    }
    for (const host of ['evil.example', 'a.counts.example.org', '10.1.2.3', '10.1.2.3:80', '[2001:db8::2]']) {
      expect([host, await status(host)]).toEqual([host, 421]);
    }
  });
});

describe.each([
  ['without keys', () => open, {}],
  ['with keys, for the session of a browser', () => keyed, { session: true }],
] as const)('a service %s', (_what, appOf, { session = false }: { session?: boolean }) => {
  let cookie: Record<string, string> = {};
  beforeAll(async () => {
    if (!session) return;
    const { headers } = await send(appOf().url, 'POST', '/v1/session', { json: { key: ADMIN_KEY } });
    cookie = { cookie: headers['set-cookie']?.split(';', 1)[0] ?? '' };
  });

  const pages = (app: TestApp): Record<string, string>[] => [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: `http://localhost:${portOf(app)}`, host: hostOf(app) },
    { origin: `http://127.0.0.1:1`, host: hostOf(app) },
    { origin: `${app.url}.evil.example` },
    // What a browser says of where a page is from, it says for lack of an origin only.
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];

  it("changes nothing for another site's page", async () => {
    const app = appOf();
    for (const [method, path, json] of [...CHANGES, ['POST', '/nowhere'], ['PATCH', '/v1/counters/c']] as const) {
      for (const page of pages(app)) {
        const refusal = await refusalOf(app, method, path, { ...page, ...cookie }, json);
        expect([method, path, page, refusal]).toEqual([method, path, page, { status: 403, code: 'forbidden' }]);
      }
    }
    // Nor is anything counted that was refused.
    expect((await refusalOf(app, 'GET', '/v1/counters/c', session ? bearer : {})).status).toBe(404);
  });

  it('serves its own pages', async () => {
    const app = appOf();
    const own: Record<string, string>[] = [{ origin: app.url }, { origin: app.url, 'sec-fetch-site': 'same-origin' }];
    for (const page of own) {
      const refusal = await refusalOf(app, 'POST', '/v1/counters/own/increment', { ...page, ...cookie });
      expect([page, refusal.status]).toEqual([page, 200]);
    }
    const foreign: Record<string, string> = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await refusalOf(app, 'GET', '/v1/counters/own', { ...foreign, ...cookie })).status).toBe(200);
  });
});

it('whoever is no browser says nothing of where it is from, and is served', async () => {
  const ways: Record<string, string>[] = [{}, { 'sec-fetch-site': 'none' }, { origin: ALLOWED_ORIGIN }];
  for (const page of ways) {
    for (const [app, key] of [
      [open, {}],
      [keyed, bearer],
    ] as const) {
      expect((await refusalOf(app, 'POST', '/v1/counters/own/increment', { ...page, ...key })).status).toBe(200);
    }
  }
});

it('a call with a key and without a session is let through: the browser asked before whether it may', async () => {
  const { key } = await keyed.nest
    .get(KeyAdministration)
    .create({ label: 'page', scopes: SCOPES, prefix: '', expiresAt: null });
  const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const path = '/v1/counters/own/increment';
  const asked = { ...page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
  const preflight = await send(keyed.url, 'OPTIONS', path, { headers: asked });
  expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
  expect((await refusalOf(keyed, 'POST', path, { ...page, authorization: `Bearer ${key}` })).status).toBe(200);
  // Nobody looks at keys where none are asked for.
  expect((await refusalOf(open, 'POST', path, { ...page, authorization: `Bearer ${key}` })).status).toBe(403);
  const cookie = `evercount_session=es_${'0'.repeat(50)}`;
  expect((await refusalOf(keyed, 'POST', path, { ...page, authorization: `Bearer ${key}`, cookie })).status).toBe(403);
});
