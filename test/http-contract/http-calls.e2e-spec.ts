import { beforeAll, describe, expect, it } from '@jest/globals';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

const call = (method: string, path: string, options?: HttpOptions) => send(service.app.url, method, path, options);
const parse = (answer: HttpAnswer) => JSON.parse(answer.body) as Record<string, unknown>;
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('a counter', () => {
  it('is answered with all of its fields, its version as the tag, and is not to be kept', async () => {
    const answer = await call('POST', '/v1/counters/fields/increment');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      etag: '"1"',
      'cache-control': 'no-cache',
    });
    expect(parse(answer)).toEqual({
      name: 'fields',
      value: 1,
      version: 1,
      min: null,
      max: null,
      expiresAt: null,
      createdAt: instant,
      updatedAt: instant,
    });
  });

  it('is incremented by 1 without a body, with an empty one, and with an empty object', async () => {
    await call('POST', '/v1/counters/defaults/increment');
    await call('POST', '/v1/counters/defaults/increment', {
      body: '',
      headers: { 'content-type': 'application/json' },
    });
    await call('POST', '/v1/counters/defaults/increment', {
      body: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(parse(await call('POST', '/v1/counters/defaults/increment', { json: {} }))).toMatchObject({ value: 4 });
  });

  it('is decremented as the mirror image of an increment, negative amounts included', async () => {
    expect(parse(await call('POST', '/v1/counters/mirror/decrement', { json: { by: 5 } }))).toMatchObject({
      value: -5,
    });
    expect(parse(await call('POST', '/v1/counters/mirror/decrement', { json: { by: -7 } }))).toMatchObject({
      value: 2,
    });
    expect(parse(await call('POST', '/v1/counters/mirror/decrement'))).toMatchObject({ value: 1, version: 3 });
  });

  it('is reset to 0 or to a value, and told with the value before', async () => {
    await call('PUT', '/v1/counters/reset', { json: { value: 12 } });
    const first = await call('POST', '/v1/counters/reset/reset');
    expect([first.status, first.headers['etag'], parse(first)]).toMatchObject([200, '"2"', { value: 0, previous: 12 }]);
    const second = await call('POST', '/v1/counters/reset/reset', { json: { to: -3 } });
    expect(parse(second)).toMatchObject({ value: -3, previous: 0, version: 3 });
  });

  it('is created by a set with 201, and set with 200; a bound left out stays, null removes it', async () => {
    const created = await call('PUT', '/v1/counters/set', { json: { value: 1, min: 0, max: 5 } });
    expect([created.status, parse(created)]).toMatchObject([201, { value: 1, min: 0, max: 5 }]);
    const set = await call('PUT', '/v1/counters/set', { json: { value: 2, min: null } });
    expect([set.status, parse(set)]).toMatchObject([200, { value: 2, min: null, max: 5, version: 2 }]);
  });

  it('is deleted with 204 and no body, is then not there, and is created anew at a higher version', async () => {
    await call('POST', '/v1/counters/deleted/increment');
    const deleted = await call('DELETE', '/v1/counters/deleted');
    expect([deleted.status, deleted.body, deleted.headers['etag']]).toEqual([204, '', undefined]);
    expect((await call('GET', '/v1/counters/deleted')).status).toBe(404);
    expect((await call('DELETE', '/v1/counters/deleted')).status).toBe(404);
    expect(parse(await call('POST', '/v1/counters/deleted/increment'))).toMatchObject({ value: 1, version: 3 });
  });
});

describe('a read', () => {
  it('says where it came from', async () => {
    await call('POST', '/v1/counters/read/increment');
    expect((await call('GET', '/v1/counters/read')).headers['cache-status']).toMatch(/^evercount; (hit|fwd=miss)$/);
    expect((await call('GET', '/v1/counters/read')).headers['cache-status']).toBe('evercount; hit');
    const strong = await call('GET', '/v1/counters/read?consistency=strong');
    expect([strong.status, strong.headers['cache-status']]).toEqual([200, 'evercount; fwd=bypass']);
  });

  it('creates nothing', async () => {
    expect((await call('GET', '/v1/counters/unread')).status).toBe(404);
    expect(parse(await call('POST', '/v1/counters/unread/increment'))).toMatchObject({ value: 1, version: 1 });
  });

  it('by HEAD has the headers of GET and no body', async () => {
    await call('POST', '/v1/counters/head/increment');
    const get = await call('GET', '/v1/counters/head');
    const head = await call('HEAD', '/v1/counters/head');
    expect([head.status, head.body]).toEqual([200, '']);
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control']) {
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    }
  });

  it.each(['"2"', 'W/"2"', '"7", "2"', '*'])('with If-None-Match %s is 304 at version 2', async (tag) => {
    await call('PUT', `/v1/counters/${encodeURIComponent(`etag ${tag}`)}`, { json: { value: 1 } });
    await call('PUT', `/v1/counters/${encodeURIComponent(`etag ${tag}`)}`, { json: { value: 1 } });
    const answer = await call('GET', `/v1/counters/${encodeURIComponent(`etag ${tag}`)}`, {
      headers: { 'if-none-match': tag },
    });
    expect([answer.status, answer.body, answer.headers['etag']]).toEqual([304, '', '"2"']);
  });

  it.each(['"1"', '"02"', '"x"'])('with If-None-Match %s is 200 at version 2', async (tag) => {
    const path = `/v1/counters/${encodeURIComponent(`other ${tag}`)}`;
    await call('PUT', path, { json: { value: 1 } });
    await call('PUT', path, { json: { value: 1 } });
    expect((await call('GET', path, { headers: { 'if-none-match': tag } })).status).toBe(200);
  });
});

describe('a precondition', () => {
  const cases: [string, Record<string, string>, number][] = [
    ['the version', { 'if-match': '"1"' }, 200],
    ['a list with the version', { 'if-match': '"9" , "1"' }, 200],
    ['any', { 'if-match': '*' }, 200],
    ['another version', { 'if-match': '"2"' }, 412],
    ['a tag that was made weak', { 'if-match': 'W/"1"' }, 200],
    ['a tag that was marked as packed', { 'if-match': '"1-gzip"' }, 200],
    ['a weak tag of another version', { 'if-match': 'W/"2"' }, 412],
    ['a foreign tag', { 'if-match': '"abc"' }, 412],
    ['none', { 'if-none-match': '*' }, 412],
    ['a broken tag', { 'if-match': '1' }, 400],
    ['a broken list', { 'if-match': '"1" "2"' }, 400],
    ['a list with nothing at its end', { 'if-match': '"1",' }, 200],
    ['a tag in If-None-Match', { 'if-none-match': '"1"' }, 400],
    ['both', { 'if-match': '"1"', 'if-none-match': '*' }, 400],
  ];

  it.each(cases)('of %s decides over set, reset and delete alike', async (what, headers, status) => {
    const requests: [string, string, HttpOptions][] = [
      ['PUT', '', { json: { value: 5 } }],
      ['POST', '/reset', {}],
      ['DELETE', '', {}],
    ];
    for (const [method, suffix, options] of requests) {
      const path = `/v1/counters/${encodeURIComponent(`condition ${what} ${method}`)}`;
      await call('PUT', path, { json: { value: 1 } });
      const answer = await call(method, path + suffix, { ...options, headers });
      const expected = status === 200 && method === 'DELETE' ? 204 : status;
      expect([method, answer.status]).toEqual([method, expected]);
      if (status !== 200) expect(parse(await call('GET', path))).toMatchObject({ value: 1, version: 1 });
    }
  });

  it('is 412 for a counter that is not there, and lets If-None-Match: * create it', async () => {
    expect((await call('POST', '/v1/counters/absent/reset', { headers: { 'if-match': '*' } })).status).toBe(412);
    expect((await call('DELETE', '/v1/counters/absent', { headers: { 'if-match': '"1"' } })).status).toBe(412);
    const headers = { 'if-none-match': '*' };
    expect((await call('PUT', '/v1/counters/absent', { json: { value: 3 }, headers })).status).toBe(201);
    expect((await call('PUT', '/v1/counters/absent', { json: { value: 4 }, headers })).status).toBe(412);
  });
});

describe('a list', () => {
  const names = ['list:a', 'list:b', 'list:é', 'list:😀', 'list:\uffff'];

  beforeAll(async () => {
    for (const name of [...names].reverse()) {
      await call('POST', `/v1/counters/${encodeURIComponent(name)}/increment`);
    }
  });

  it('goes through all names with a prefix once, in the order of their bytes, by cursor and by Link alike', async () => {
    const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const found: string[] = [];
    let path = '/v1/counters?prefix=list%3A&limit=2';
    for (;;) {
      const answer = await call('GET', path);
      const page = parse(answer) as { data: { name: string }[]; hasMore: boolean; nextCursor: string | null };
      found.push(...page.data.map(({ name }) => name));
      const next = /^<(.+)>; rel="next"$/.exec(answer.headers['link'] ?? '')?.[1];
      expect(next === undefined).toBe(!page.hasMore);
      expect(page.nextCursor === null).toBe(!page.hasMore);
      if (next === undefined || page.nextCursor === null) break;
      expect(next).toContain(`cursor=${page.nextCursor}`);
      path = next;
    }
    expect(found).toEqual(sorted);
  });

  it('leaves deleted counters out', async () => {
    await call('POST', '/v1/counters/gone:1/increment');
    await call('DELETE', '/v1/counters/gone:1');
    expect(parse(await call('GET', '/v1/counters?prefix=gone:'))).toEqual({
      data: [],
      hasMore: false,
      nextCursor: null,
    });
  });
});
