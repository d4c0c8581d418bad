import { beforeAll, describe, expect, it } from '@jest/globals';
import { PROBLEMS } from '../../src/web/problems/problem.js';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

beforeAll(async () => {
  await send(service.app.url, 'PUT', '/v1/counters/c', { json: { value: 5, max: 9 } });
});

const call = (method: string, path: string, options?: HttpOptions) => send(service.app.url, method, path, options);
const json = { 'content-type': 'application/json' };

/** Every refusal is one of the documents that are promised, and tells nothing of the inside. */
function expectProblem(answer: HttpAnswer, status: number, code: string): void {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(problem).toMatchObject({ type: `/problems/${code}`, status, code, instance: answer.headers['x-request-id'] });
  expect([typeof problem['title'], typeof problem['detail']]).toEqual(['string', 'string']);
  expect(answer.status).toBe(status);
  expect(answer.body).not.toMatch(/node_modules|\.[jt]s\b|SELECT|INSERT|at \w+ \(/);
}

type Case = readonly [what: string, method: string, path: string, options: HttpOptions, status: number, code: string];

const body = (text: string | Buffer, headers: Record<string, string> = json): HttpOptions => ({ body: text, headers });
const add = '/v1/counters/c/increment';
const bad = (what: string, text: string | Buffer, path = add, method = 'POST'): Case => [
  what,
  method,
  path,
  body(text),
  400,
  'invalid_request',
];
const put = (what: string, text: string): Case => bad(what, text, '/v1/counters/c', 'PUT');
const batch = (what: string, value: unknown): Case => bad(what, JSON.stringify(value), '/v1/increments');
const path = (what: string, target: string, status: number, code: string): Case => [
  what,
  'GET',
  target,
  {},
  status,
  code,
];
const query = (target: string): Case => path(target, target, 400, 'invalid_request');

const CASES: readonly Case[] = [
  bad('an increment by 0', '{"by":0}'),
  bad('an increment by -0', '{"by":-0}'),
  bad('a number as text', '{"by":"5"}'),
  bad('a fraction', '{"by":1.5}'),
  bad('null', '{"by":null}'),
  bad('true', '{"by":true}'),
  bad('a list', '{"by":[1]}'),
  bad('a number beyond all ranges', '{"by":1e400}'),
  bad('2^53', '{"by":9007199254740992}'),
  bad('-2^53', '{"by":-9007199254740992}'),
  bad('an unknown field', '{"By":5}'),
  bad('one more field', '{"by":5,"x":1}'),
  bad('a member twice', '{"by":5,"by":5}'),
  bad('a member twice, once escaped', '{"by":5,"\\u0062y":5}'),
  bad('__proto__', '{"__proto__":{"by":5}}'),
  bad('constructor', '{"constructor":{"prototype":{"by":5}}}'),
  bad('a body of null', 'null'),
  bad('a body of a list', '[]'),
  bad('a body of a number', '5'),
  bad('half a body', '{"by":'),
  bad('two bodies', '{} {}'),
  bad('bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  bad('a body of brackets', '['.repeat(8000)),
  bad('deep brackets', '['.repeat(8000) + ']'.repeat(8000)),
  bad('an unknown field of a decrement', '{"By":5}', '/v1/counters/c/decrement'),
  bad('an unknown field of a reset', '{"value":5}', '/v1/counters/c/reset'),
  bad('a reset to text', '{"to":"0"}', '/v1/counters/c/reset'),
  bad('a body of a delete', '{"by":5}', '/v1/counters/c', 'DELETE'),
  put('a set without a value', '{}'),
  put('a set without a body', ''),
  put('a set to null', '{"value":null}'),
  put('a bound of text', '{"value":1,"min":"0"}'),
  put('a bound out of range', '{"value":1,"max":9007199254740992}'),
  put('min above max', '{"value":1,"min":2,"max":1}'),
  put('min above the max that stays', '{"value":1,"min":10}'),
  batch('a batch without items', { increments: [] }),
  batch('a batch of none', {}),
  batch('a malformed item', { increments: [{ name: 'c' }, { name: 'c', by: 0 }] }),
  batch('an item without a name', { increments: [{ by: 1 }] }),
  batch('an item with a bad name', { increments: [{ name: '..' }] }),
  batch('an item with an unknown field', { increments: [{ name: 'c', key: 'k' }] }),
  batch('an empty key of an item', { increments: [{ name: 'c', idempotencyKey: '' }] }),
  batch('a long key of an item', { increments: [{ name: 'c', idempotencyKey: 'k'.repeat(256) }] }),
  batch('atomic as text', { increments: [{ name: 'c' }], atomic: 'true' }),
  bad('reads of a name that is none', '{"names":["a","\\u0000"]}', '/v1/reads'),
  bad('reads of a number', '{"names":[1]}', '/v1/reads'),
  query('/v1/counters?limit=0'),
  query('/v1/counters?limit=1001'),
  query('/v1/counters?limit=05'),
  query('/v1/counters?limit=1e2'),
  query('/v1/counters?limit='),
  query('/v1/counters?limit=1&limit=1'),
  query('/v1/counters?prefix=a&prefix=a'),
  query('/v1/counters?offset=1'),
  query('/v1/counters?__proto__=1'),
  query('/v1/counters?prefix=%FF'),
  query('/v1/counters?prefix=%zz'),
  query('/v1/counters?prefix=%00'),
  query('/v1/counters?cursor=%21'),
  query('/v1/counters?cursor='),
  query('/v1/counters/c?consistency=weak'),
  query('/v1/counters/c?strong'),
  ['an argument in the query', 'POST', `${add}?by=5`, {}, 400, 'invalid_request'],
  ['a precondition of an increment', 'POST', add, { headers: { 'if-match': '"1"' } }, 400, 'invalid_request'],
  ['an empty key', 'POST', add, { headers: { 'idempotency-key': '' } }, 400, 'invalid_request'],
  ['a long key', 'POST', add, { headers: { 'idempotency-key': 'k'.repeat(256) } }, 400, 'invalid_request'],
  ['a key that is not ASCII', 'POST', add, { headers: { 'idempotency-key': 'é' } }, 400, 'invalid_request'],
  ['a key twice', 'POST', add, { headers: { 'idempotency-key': ['a', 'b'] } }, 400, 'invalid_request'],
  ['half a quoted key', 'POST', add, { headers: { 'idempotency-key': '"k' } }, 400, 'invalid_request'],
  ['an empty quoted key', 'POST', add, { headers: { 'idempotency-key': '""' } }, 400, 'invalid_request'],
  [
    'a form',
    'POST',
    add,
    body('by=5', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'unsupported_media_type',
  ],
  ['plain text', 'POST', add, body('{"by":5}', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
  ['no type', 'POST', add, body('{"by":5}', {}), 415, 'unsupported_media_type'],
  ['a type that is none', 'POST', add, body('{"by":5}', { 'content-type': ';' }), 415, 'unsupported_media_type'],
  ...['latin1', 'utf-16', '"iso-8859-1"'].map((charset): Case => [
    `the charset ${charset}`,
    'POST',
    add,
    body('{"by":5}', { 'content-type': `application/json; charset=${charset}` }),
    415,
    'unsupported_media_type',
  ]),
  ['a compressed body', 'POST', add, body('x', { ...json, 'content-encoding': 'gzip' }), 415, 'unsupported_media_type'],
  ['a body over 16 KB', 'POST', add, body(`{"by":5${' '.repeat(16 * 1024)}}`), 413, 'too_large'],
  ['a batch over 1 MB', 'POST', '/v1/increments', body(' '.repeat(1024 * 1024 + 1)), 413, 'too_large'],
  [
    '1001 increments',
    'POST',
    '/v1/increments',
    { json: { increments: Array(1001).fill({ name: 'c' }) } },
    413,
    'too_large',
  ],
  ['1001 reads', 'POST', '/v1/reads', { json: { names: Array(1001).fill('c') } }, 413, 'too_large'],
  path('an unknown path', '/nope', 404, 'not_found'),
  path('a path below a counter', '/v1/counters/c/nope', 404, 'not_found'),
  path('a counter without a name', '/v1/counters/', 404, 'not_found'),
  path('a counter that is not there', '/v1/counters/missing', 404, 'not_found'),
  path('an unknown problem', '/problems/__proto__', 404, 'not_found'),
  path('a path that is no UTF-8', '/v1/counters/%FF', 400, 'invalid_request'),
  path('broken percent-encoding', '/v1/counters/%zz', 400, 'invalid_request'),
  path('the name .', '/v1/counters/.', 400, 'invalid_request'),
  path('the name ..', '/v1/counters/..', 400, 'invalid_request'),
  path('the name %2e%2e', '/v1/counters/%2e%2e', 400, 'invalid_request'),
  path('a control character', '/v1/counters/a%00b', 400, 'invalid_request'),
  path('a name of 256 bytes', `/v1/counters/${'a'.repeat(256)}`, 400, 'invalid_request'),
  path('a name of 256 slashes', `/v1/counters/${'%2F'.repeat(256)}`, 400, 'invalid_request'),
  path('a name no name is near to', `/v1/counters/${'a'.repeat(766)}`, 414, 'uri_too_long'),
  ['a reset of nothing', 'POST', '/v1/counters/missing/reset', {}, 404, 'not_found'],
  ['a delete of nothing', 'DELETE', '/v1/counters/missing', {}, 404, 'not_found'],
  ['an increment past max', 'POST', add, { json: { by: 5 } }, 409, 'out_of_bounds'],
  ['a set past its max', 'PUT', '/v1/counters/c', { json: { value: 10 } }, 409, 'out_of_bounds'],
  ['a set past a new max', 'PUT', '/v1/counters/c', { json: { value: 3, max: 2 } }, 409, 'out_of_bounds'],
];

describe('is refused, and changes nothing:', () => {
  it.each(CASES)('%s', async (_what, method, target, options, status, code) => {
    expectProblem(await call(method, target, options), status, code);
    const { body: counter } = await call('GET', '/v1/counters/c?consistency=strong');
    expect(JSON.parse(counter)).toMatchObject({ value: 5, min: null, max: 9, version: 1 });
    const { body: list } = await call('GET', '/v1/counters');
    expect((JSON.parse(list) as { data: unknown[] }).data).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('of a wrong method names the right ones', async () => {
    const cases: [string, string, string][] = [
      ['PATCH', '/v1/counters/c', 'DELETE, GET, HEAD, PUT'],
      ['OPTIONS', '/v1/counters/c', 'DELETE, GET, HEAD, PUT'],
      ['TRACE', '/v1/counters/c', 'DELETE, GET, HEAD, PUT'],
      ['PROPFIND', '/v1/counters/c', 'DELETE, GET, HEAD, PUT'],
      ['GET', '/v1/counters/c/increment', 'POST'],
      ['DELETE', '/v1/counters', 'GET, HEAD'],
      ['POST', '/livez?x=1', 'GET, HEAD'],
    ];
    for (const [method, target, allow] of cases) {
      const answer = await call(method, target);
      expectProblem(answer, 405, 'method_not_allowed');
      expect([method, answer.headers['allow']]).toEqual([method, allow]);
    }
  });

  it('of a slash in a name says how it is written there', async () => {
    for (const target of ['/v1/counters/page/home', '/v1/counters/page/home/increment']) {
      const answer = await call('POST', target);
      expectProblem(answer, 404, 'not_found');
      expect(answer.body).toContain('a slash is written %2F');
    }
    expect((await call('GET', '/nope')).body).not.toContain('%2F');
  });

  it('of a path or a method comes before one of the body', async () => {
    for (const options of [body('{"by":'), body('by=5', { 'content-type': 'application/x-www-form-urlencoded' })]) {
      expectProblem(await call('POST', '/v1/counters/c', options), 405, 'method_not_allowed');
      expectProblem(await call('POST', '/v1/counter/c', options), 404, 'not_found');
    }
  });

  it('of a body points at each fault', async () => {
    const items = [{ name: 'ok' }, { name: '', by: 'x', 'a/b~c': 1 }];
    const { body: text } = await call('POST', '/v1/increments', { json: { increments: items } });
    const { errors } = JSON.parse(text) as { errors: { pointer: string; detail: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/increments/1/a~1b~0c',
      '/increments/1/by',
      '/increments/1/name',
    ]);
    expect(errors.every(({ detail }) => detail.length > 0)).toBe(true);
  });

  it('of a body with a thousand faults tells ten', async () => {
    const json = { increments: Array(1000).fill({ by: 0 }) };
    const { body: text } = await call('POST', '/v1/increments', { json });
    expect((JSON.parse(text) as { errors: unknown[] }).errors).toHaveLength(10);
  });

  it('has a type that opens its explanation, whichever code it has', async () => {
    for (const [code, { title, status }] of Object.entries(PROBLEMS)) {
      const page = await call('GET', `/problems/${code}`);
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.body).toContain(title);
      expect(page.body).toContain(String(status));
    }
  });
});

describe('the id of a request', () => {
  const idOf = async (given: string) => {
    const answer = await call('GET', '/v1/counters/missing', { headers: { 'x-request-id': given } });
    expectProblem(answer, 404, 'not_found');
    return answer.headers['x-request-id'];
  };

  it('is the one it brings', async () => {
    expect(await idOf('a b~')).toBe('a b~');
    expect(await idOf('x'.repeat(128))).toBe('x'.repeat(128));
  });

  it('is a new one where it brings none that is fit to be logged', async () => {
    const unfit = ['', 'é', 'x'.repeat(129), 'a\tb'];
    const ids = new Set<string | undefined>();
    for (const given of unfit) ids.add(await idOf(given));
    expect(ids.size).toBe(unfit.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]{12}-\d+$/);
  });
});

it('nothing of all that was logged as a fault of the service', () => {
  const faults = service.app.log.filter((line) => /"level":"(error|fatal|warn)"/.test(line));
  // A machine that is far too busy may make Redis late.
  expect(faults.filter((line) => !line.includes('Command timed out'))).toEqual([]);
});
