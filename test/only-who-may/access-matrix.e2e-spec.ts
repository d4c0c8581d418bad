/**
 * Every route there is, as each kind of key finds it. The routes are those of the running service: one that has no row
 * in here fails.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ruleOf } from '../../src/web/gate/route-rules.js';
import { SCOPES } from '../../src/domain/scope.js';
import { heldFetch } from '../support/held-fetch.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

/** Values that occur in no other number, so that a leak shows wherever it is. */
const FOREIGN = { bank: 765_432_101, 'bank:a': 765_432_102, shop: 765_432_103, 'shop;': 765_432_104 };
const LEAK = /7654321\d\d|bank:|shop;/;

/** What is asked of a route: what comes after its path, `:name` filled in, and the body. */
interface Asked {
  readonly name?: string;
  readonly query?: string;
  readonly json?: unknown;
  /** What the answer must hold. */
  readonly answer?: RegExp;
}

interface Row {
  /** Each must be refused to a key with the prefix `shop:`. */
  readonly foreign: readonly Asked[];
  /** Each must be granted, and tell of its own counters alone. */
  readonly own: readonly Asked[];
}

const byName = (json?: unknown): Row => ({
  foreign: ['bank:a', 'shop', 'shop%3B', '%62ank%3Aa', 'Shop%3Aa', 'new'].map((name) => ({ name, json })),
  own: ['shop:a', '%73hop%3Aa'].map((name) => ({ name, json })),
});

const byPrefix = (answer: RegExp, more = ''): Row => ({
  foreign: ['bank', 'bank:a', 'shop;', 'Shop:'].map((prefix) => ({
    query: `prefix=${encodeURIComponent(prefix)}${more}`,
  })),
  own: ['', 'prefix=', 'prefix=sho', '%70refix=shop%3A'].map((query) => ({ query: `${query}${more}`, answer })),
});

const REFUSED: Row = { foreign: [{}], own: [] };
const NEITHER: Row = { foreign: [], own: [] };
const GRANTED: Row = { foreign: [], own: [{}] };

const EDGE = '6f1f5b0e-8a6f-4f0a-9d0b-3f1f2a9c7b11';

const DELIVERY = {
  from: 0,
  to: 2,
  previous: null,
  nonce: EDGE,
  increments: ['shop:a', 'bank:a'].map((name) => ({ name, by: 1, at: '2026-01-01T08:30:00Z' })),
};

const ROWS: Readonly<Record<string, Row>> = {
  'GET /v1/counters': {
    foreign: [...byPrefix(/(?:)/).foreign, { query: 'search=a&prefix=bank' }],
    own: [
      ...byPrefix(/"data":\[\{"name":"shop:a".*"name":"shop:b"/).own,
      { query: 'search=a', answer: /"data":\[\{"name":"shop:a"/ },
      { query: 'search=an', answer: /"data":\[\]/ },
    ],
  },
  'GET /v1/counters/:name': byName(),
  'PUT /v1/counters/:name': byName({ value: 1 }),
  'POST /v1/counters/:name/increment': byName(),
  'POST /v1/counters/:name/decrement': byName(),
  'POST /v1/counters/:name/reset': byName({ to: 1 }),
  'GET /v1/counters/:name/history': byName(),
  'POST /v1/reads': {
    foreign: [{ json: { names: ['bank:a'] } }, { json: { names: ['shop:a', 'shop'] } }],
    own: [{ json: { names: ['shop:a', 'shop:b'] } }],
  },
  'POST /v1/increments': {
    foreign: [
      { json: { increments: [{ name: 'bank:a' }] } },
      { json: { increments: [{ name: 'shop:a' }, { name: 'new' }] } },
      { json: { increments: [{ name: 'shop:a' }, { name: 'shop' }], atomic: true } },
    ],
    own: [{ json: { increments: [{ name: 'shop:a' }, { name: 'shop:b', by: -1 }] } }],
  },
  // A foreign name is refused alone, and tells nothing of the counter.
  'POST /v1/edges/:id/deliveries': {
    foreign: [],
    own: [
      {
        name: EDGE,
        json: DELIVERY,
        answer: /^{"results":\[{"status":200,"value":-?\d+},{"status":403,"code":"forbidden"/,
      },
    ],
  },
  'GET /v1/edges/:id': { foreign: [], own: [{ name: EDGE, answer: /"last":[02],/ }] },
  // There is too little history of its own.
  'GET /v1/counters/:name/forecast': { foreign: byName().foreign, own: [] },
  'GET /v1/history': {
    foreign: [{ query: 'name=bank:a' }, { query: 'name=shop:a&name=shop' }, { query: 'name=shop%3B&over=24h' }],
    own: [{ query: 'name=shop:a&name=shop:b', answer: /"shop:a":\[.*"shop:b":\[/ }],
  },
  'GET /v1/tree': byPrefix(/"data":\[\{"name":"shop:a","isBranch":false,"count":1,/),
  'GET /v1/summary': byPrefix(/"prefix":"shop:","count":2,"sum":-?\d{1,2},/),
  'GET /v1/top': byPrefix(/"name":"shop:/, '&by=value'),
  'GET /v1/stream': {
    foreign: [
      { query: 'name=bank:a' },
      { query: 'name=shop:a&name=shop' },
      { query: 'prefix=bank' },
      { query: 'name=shop:a&events=true' },
    ],
    own: [{}, { query: 'prefix=' }, { query: 'name=shop:a&name=shop:b' }],
  },
  'GET /v1/watches': byPrefix(/"data":\[/),
  'POST /v1/watches': {
    foreign: [{ name: 'bank:a' }, { prefix: 'sho' }, { prefix: '' }, { prefix: 'bank:' }].map((about) => ({
      json: { ...about, when: { above: 1 } },
    })),
    own: [{ json: { name: 'shop:a', when: { above: 1 } } }, { json: { prefix: 'shop:a', when: { above: 1 } } }],
  },
  // Those of others are not there: test/watches.
  'GET /v1/watches/:id': NEITHER,
  'PUT /v1/watches/:id': NEITHER,
  'PATCH /v1/watches/:id': NEITHER,
  'DELETE /v1/watches/:id': NEITHER,
  'GET /v1/watches/:id/turns': NEITHER,
  'GET /v1/webhooks': REFUSED,
  'POST /v1/webhooks': REFUSED,
  'GET /v1/webhooks/:id': REFUSED,
  'PATCH /v1/webhooks/:id': REFUSED,
  'DELETE /v1/webhooks/:id': REFUSED,
  'POST /v1/webhooks/:id/rotate': REFUSED,
  'POST /v1/webhooks/:id/test': REFUSED,
  'GET /v1/webhooks/:id/deliveries': REFUSED,
  'POST /v1/webhooks/:id/deliveries/:delivery/send': REFUSED,
  'GET /v1/admin/cache': REFUSED,
  'POST /v1/admin/cache/flush': REFUSED,
  'POST /v1/admin/cache/rehydrate': REFUSED,
  'POST /v1/admin/cache/reconcile': REFUSED,
  'POST /v1/admin/drill': REFUSED,
  'GET /v1/admin/jobs/:id': REFUSED,
  'GET /v1/audit': REFUSED,
  'GET /v1/events': REFUSED,
  'GET /v1/timeline': REFUSED,
  'GET /v1/keys': REFUSED,
  'GET /v1/keys/:id': REFUSED,
  'POST /v1/keys': REFUSED,
  'PATCH /v1/keys/:id': REFUSED,
  'DELETE /v1/keys/:id': REFUSED,
  'POST /v1/keys/:id/rotate': REFUSED,
  'GET /v1/links': REFUSED,
  'POST /v1/links': REFUSED,
  'DELETE /v1/links': REFUSED,
  'DELETE /v1/links/:id': REFUSED,
  'GET /badge/:name': {
    foreign: ['bank%3Aa.svg', 'shop.svg', 'shop%3B.svg'].map((name) => ({ name })),
    own: [{ name: 'shop%3Aa.svg', answer: /^<svg/ }],
  },
  'GET /embed/:name': {
    foreign: ['bank%3Aa', 'shop', 'shop%3B'].map((name) => ({ name })),
    own: [{ name: 'shop%3Aa', answer: /^<!doctype html>/ }],
  },
  'GET /metrics': REFUSED,
  'GET /v1/session': { foreign: [], own: [{ answer: /"prefix":"shop:"/ }] },
  'POST /v1/session': { foreign: [], own: [{ json: () => ({ key: bound }), answer: /"prefix":"shop:"/ }] },
  'DELETE /v1/session': GRANTED,
  'GET /': GRANTED,
  'GET /livez': GRANTED,
  'GET /readyz': GRANTED,
  'GET /openapi.json': GRANTED,
  'GET /problems/:code': { foreign: [], own: [{ name: 'forbidden' }] },
  // A preflight, which brings no key.
  'OPTIONS *': { foreign: [], own: [] },
  'OPTIONS /v1/counters/:name/increment': { foreign: [], own: [] },
  'OPTIONS /v1/counters/:name/decrement': { foreign: [], own: [] },
  'OPTIONS /v1/increments': { foreign: [], own: [] },
  // Last: what was asked of its own counters before finds them there.
  'DELETE /v1/counters/:name': byName(),
};

/** The service's pages: files, and nothing else. */
const isFile = (route: string) => /^(GET|HEAD) \/(docs|dashboard|assets)(\/|$)/.test(route);
let bound: string;

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, CORS_ORIGINS: 'https://pages.example.org' },
});

beforeAll(async () => {
  bound = await make({ scopes: SCOPES, prefix: 'shop:' });
  for (const [name, value] of Object.entries({ ...FOREIGN, 'shop:a': 1, 'shop:b': 2 })) {
    await ask(ADMIN_KEY, 'PUT /v1/counters/:name', { name: encodeURIComponent(name), json: { value } });
  }
});

const make = async (wish: Pick<Parameters<KeyAdministration['create']>[0], 'scopes' | 'prefix'>) =>
  (await service.app.nest.get(KeyAdministration).create({ label: 'matrix', expiresAt: null, ...wish })).key;

const routes = () => service.app.routes.list().filter((route) => !route.startsWith('HEAD ') && !isFile(route));

async function ask(key: string | null, route: string, { name = 'shop:a', query = '', json }: Asked) {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace('*', '/v1/counters').replace(/:(name|code|id)/, name);
  const body: unknown = typeof json === 'function' ? (json as () => unknown)() : json;
  const end = new AbortController();
  const response = await heldFetch(`${service.app.url}${path}${query === '' ? '' : `?${query}`}`, {
    method,
    signal: end.signal,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  let text = '';
  // A stream goes on and on; after its first event, the snapshot, it is told all there is.
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (/^event: snapshot[^]*\n\n/m.test(text) && text.includes('shop:a')) break;
  }
  end.abort();
  return { status: response.status, challenge: response.headers.get('www-authenticate'), text };
}

it('there is a row for every route, and no other', () => {
  expect(Object.keys(ROWS).sort()).toEqual(routes().sort());
});

describe('a key with a prefix', () => {
  it.each(Object.entries(ROWS))('at %s is held to its own', async (route, { foreign, own }) => {
    for (const asked of foreign) {
      const { status, text } = await ask(bound, route, asked);
      expect([asked, status]).toEqual([asked, 403]);
      expect(text).not.toMatch(LEAK);
    }
    for (const asked of own) {
      const { status, text } = await ask(bound, route, asked);
      // What is deleted once is not there the second time.
      expect([asked, status < 300 || (route.startsWith('DELETE') && status === 404)]).toEqual([asked, true]);
      expect(text).toMatch(asked.answer ?? /(?:)/);
      expect(text).not.toMatch(LEAK);
    }
  });

  it('has changed nothing of what is not its own', async () => {
    const { text } = await ask(ADMIN_KEY, 'GET /v1/counters', {});
    const { data } = JSON.parse(text) as { data: { name: string; value: number; version: number }[] };
    const left = data.filter(({ name }) => !name.startsWith('shop:'));
    expect(Object.fromEntries(left.map(({ name, value, version }) => [name, version === 1 ? value : null]))).toEqual(
      FOREIGN,
    );
  });
});

it('without a key, every route that is not open is 401, and says what to bring', async () => {
  for (const route of routes()) {
    const [method = '', url = ''] = route.split(' ');
    if (ruleOf(method, url)?.rule === null) continue;
    const { status, challenge } = await ask(null, route, {});
    expect([route, status, challenge]).toEqual([route, 401, 'Bearer realm="evercount"']);
  }
});

const without = 'with neither the scope "%s" nor another one that will do, every route that asks for it is 403';
it.each(SCOPES)(without, async (scope) => {
  const scopesOf = (route: string) => ruleOf(...(route.split(' ') as [string, string]))?.rule?.scopes ?? [];
  const asking = routes().filter((route) => scopesOf(route).includes(scope));
  expect(asking.length).toBeGreaterThan(0);
  for (const route of asking) {
    const key = await make({ scopes: SCOPES.filter((other) => !scopesOf(route).includes(other)), prefix: '' });
    expect([route, (await ask(key, route, {})).status]).toEqual([route, 403]);
  }
});

/** An edge is told how far it came. */
const ADDING = /^(POST .v1.(counters.:name.(in|de)crement|increments|edges.:id.deliveries)|GET .v1.edges.:id)$/;

it('with the scope "increment" alone, nothing can be done but adding', async () => {
  const key = await make({ scopes: ['increment'], prefix: '' });
  for (const route of routes()) {
    const rule = ruleOf(...(route.split(' ') as [string, string]))?.rule ?? null;
    if (rule === null || rule.scopes.length === 0) continue;
    const { status } = await ask(key, route, {});
    expect([route, status === 403]).toEqual([route, !ADDING.test(route)]);
  }
});
