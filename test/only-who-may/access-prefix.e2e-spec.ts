import { beforeAll, describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ROUTE_RULES, ruleOf } from '../../src/web/gate/route-rules.js';
import { SCOPES } from '../../src/domain/scope.js';
import { heldFetch } from '../support/held-fetch.js';
import { type HttpAnswer, send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
let bound: string;

const service = withService({ inside: true, env: { AUTH: 'required', ADMIN_KEY } });

beforeAll(async () => {
  const wish = { label: 'bound', scopes: SCOPES, prefix: 'shop:', expiresAt: null };
  bound = (await service.app.nest.get(KeyAdministration).create(wish)).key;
  for (const name of ['shop', 'shop:a', 'shop:b', 'shop;', 'bank:a']) {
    await call(ADMIN_KEY, 'PUT', `/v1/counters/${name}`, { value: 1 });
  }
});

const call = (key: string, method: string, path: string, json?: unknown) =>
  send(service.app.url, method, path, {
    headers: { authorization: `Bearer ${key}` },
    ...(json === undefined ? {} : { json }),
  });

const json = ({ body }: HttpAnswer): unknown => JSON.parse(body);

const routes = () => service.app.routes.list().map((route) => route.split(' ') as [string, string]);

it('every route says who may call it', () => {
  const silent = routes().filter(([method, url]) => ruleOf(method, url) === null);
  expect(silent).toEqual([]);
});

it('nothing but probes, pages and the way in is open', () => {
  const open = routes()
    .filter(([method, url]) => method !== 'HEAD' && method !== 'OPTIONS' && ruleOf(method, url)?.rule === null)
    .map(([method, url]) => `${method} ${url}`)
    .filter((route) => !/^GET \/(docs|dashboard|assets)(\/|$)/.test(route));
  const allowed = ['GET /', 'GET /livez', 'GET /openapi.json', 'GET /problems/:code', 'GET /readyz'];
  expect(open.filter((route) => ![...allowed, 'POST /v1/session', 'DELETE /v1/session'].includes(route))).toEqual([]);
});

describe('a key with a prefix', () => {
  /** What a route takes beside the name in its path. */
  const BODIES: Readonly<Record<string, unknown>> = { 'PUT /v1/counters/:name': { value: 1 } };

  const named = () => [...ROUTE_RULES].filter(([, { touches }]) => touches === 'path').map(([route]) => route);

  it('is refused at every route that names another counter, and changes nothing there', async () => {
    for (const route of named()) {
      const [method = '', url = ''] = route.split(' ');
      if (!service.app.routes.list().includes(route)) continue;
      for (const name of ['bank:a', 'shop', 'Shop:a', '%73hop', '%62ank%3Aa', 'shop%3Ba', '..%2fshop:a', 'new']) {
        const answer = await call(bound, method, url.replace(':name', name), BODIES[route]);
        expect([route, name, answer.status]).toEqual([route, name, 403]);
      }
    }
    for (const name of ['bank:a', 'shop', 'shop;']) {
      expect(json(await call(ADMIN_KEY, 'GET', `/v1/counters/${name}`))).toMatchObject({ value: 1, version: 1 });
    }
    expect((await call(ADMIN_KEY, 'GET', '/v1/counters/new')).status).toBe(404);
  });

  it('is let in where it names its own, however that is written', async () => {
    for (const name of ['shop:a', '%73hop%3Aa']) {
      for (const method of ['GET', 'HEAD']) {
        expect((await call(bound, method, `/v1/counters/${name}`)).status).toBe(200);
      }
      expect((await call(bound, 'POST', `/v1/counters/${name}/increment`)).status).toBe(200);
    }
  });

  it('is refused a batch with one other name in it, of which nothing happens', async () => {
    const mixed = [{ name: 'shop:a' }, { name: 'bank:a' }];
    for (const atomic of [true, false]) {
      expect((await call(bound, 'POST', '/v1/increments', { increments: mixed, atomic })).status).toBe(403);
    }
    expect((await call(bound, 'POST', '/v1/reads', { names: ['shop:a', 'bank:a'] })).status).toBe(403);
    expect((await call(bound, 'POST', '/v1/reads', { names: ['shop:a'] })).status).toBe(200);
    expect((await call(bound, 'POST', '/v1/increments', { increments: [{ name: 'shop:b' }] })).status).toBe(200);
    expect(json(await call(ADMIN_KEY, 'GET', '/v1/counters/bank:a'))).toMatchObject({ value: 1 });
    // What has no shape is the caller's fault, whoever calls.
    for (const body of [{ names: 'bank:a' }, { names: [{ name: 'bank:a' }] }, { names: [7] }, [], null]) {
      expect((await call(bound, 'POST', '/v1/reads', body)).status).toBe(400);
    }
  });

  it('lists its own names only, whatever is asked for', async () => {
    const namesOf = async (query: string) => {
      const answer = await call(bound, 'GET', `/v1/counters${query}`);
      return (json(answer) as { data: { name: string }[] }).data.map(({ name }) => name);
    };
    for (const query of [
      '',
      '?limit=10',
      '?prefix=',
      '?prefix=sho',
      '?prefix=shop:',
      '?%70refix=s',
      '?prefix=shop%3A',
    ]) {
      expect([query, await namesOf(query)]).toEqual([query, ['shop:a', 'shop:b']]);
    }
    expect(await namesOf('?prefix=shop:b')).toEqual(['shop:b']);
    expect((await call(bound, 'GET', '/v1/counters?prefix=bank')).status).toBe(403);
    expect((await call(bound, 'GET', '/v1/counters?prefix=shop:&prefix=shop:')).status).toBe(400);
    // From a cursor before and after its own names on.
    for (const [name, expected] of [
      ['bank:a', ['shop:a', 'shop:b']],
      ['shop:a', ['shop:b']],
      ['shop;', []],
    ] as const) {
      expect(await namesOf(`?cursor=${Buffer.from(name).toString('base64url')}`)).toEqual(expected);
    }
  });

  it('pages through its own names by the links it is given', async () => {
    const page = await call(bound, 'GET', '/v1/counters?limit=1');
    const link = /<([^>]+)>/.exec(page.headers['link'] ?? '')?.[1] ?? '';
    const next = await call(bound, 'GET', link);
    expect(json(next)).toMatchObject({ data: [{ name: 'shop:b' }], hasMore: false });
  });

  it('streams its own names only, whatever is asked for', async () => {
    for (const query of ['', '?prefix=', '?prefix=s', '?name=shop:a&name=shop:b']) {
      const end = new AbortController();
      const headers = { authorization: `Bearer ${bound}` };
      const { body } = await heldFetch(`${service.app.url}/v1/stream${query}`, { headers, signal: end.signal });
      const seen = new Set<string>();
      let text = '';
      for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        for (const [, name = ''] of text.matchAll(/"name":"([^"]+)"/g)) seen.add(name);
        if (seen.has('shop:b')) break;
      }
      end.abort();
      expect([query, [...seen].sort()]).toEqual([query, ['shop:a', 'shop:b']]);
    }
    for (const query of ['?name=bank:a', '?name=shop:a&name=bank:a', '?prefix=bank', '?prefix=shop:&prefix=bank']) {
      expect([query, (await call(bound, 'GET', `/v1/stream${query}`)).status]).toEqual([query, 403]);
    }
  });

  it('is refused what is about all counters', async () => {
    for (const [route, { rule }] of ROUTE_RULES) {
      const [method = '', url = ''] = route.split(' ');
      if (rule?.about !== 'all' || !service.app.routes.list().includes(route)) continue;
      expect([route, (await call(bound, method, url.replace(':id', '1'))).status]).toEqual([route, 403]);
    }
  });
});

it('a query that is no UTF-8 is refused, and not read as another one', async () => {
  for (const query of ['prefix=%FF', 'prefix=shop:%FF', 'prefix=shop:&cursor=%FF', 'name=%ED%A0%80', 'limit=1&%C3']) {
    for (const key of [bound, ADMIN_KEY]) {
      const answer = await call(key, 'GET', `/v1/counters?${query}`);
      expect([query, answer.status, (json(answer) as { code: string }).code]).toEqual([query, 400, 'invalid_request']);
    }
  }
});
