/** Requests of every kind: valid ones, nearly valid ones, and nonsense, to every route there is. */
import fc from 'fast-check';

export interface FuzzRequest {
  readonly method: string;
  /** As it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Set where the request adds to a counter of the model, if it is accepted. */
  readonly adds: readonly { readonly name: string; readonly by: number }[] | null;
}

/** A route as the OpenAPI document names it. */
export interface Route {
  readonly method: string;
  /** Such as `/v1/counters/{name}`. */
  readonly path: string;
}

/** Counters that only ever get increments: what they must come to is known. */
export const MODEL_NAMES = Array.from({ length: 12 }, (_, index) => `model/${index}`);

/** Counters that only ever get requests that must be refused. */
export const SENTINELS = ["sentinel/'; DROP TABLE counters; --", 'sentinel/%00', 'sentinel/🚀/__proto__'];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'];

const ODD_NAMES = [
  '__proto__',
  'constructor',
  '..',
  '.',
  '%',
  '%zz',
  '/',
  'a/b/c',
  "'; DROP TABLE counters; --",
  '\u0000',
  '\n',
  '\u202etxt',
  '💥',
  'é'.repeat(127),
  'é'.repeat(128),
  'x'.repeat(255),
  'x'.repeat(256),
  '\ud800',
  '',
];

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c/d', 'page:/home'),
  fc.constantFrom(...ODD_NAMES),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
);

const segment = fc.oneof(
  name.map((text) => encodeURIComponent(Buffer.from(text).toString())),
  fc.constantFrom('%', '%zz', '%c3', '%2e%2e', '%00', '%ED%A0%80', '..;', '%252F'),
  fc.stringMatching(/^[!-~]{0,60}$/).map((text) => text.replace(/[?#]/g, '')),
);

const number = fc.oneof(
  fc.integer({ min: -10, max: 10 }),
  fc.constantFrom(0, -0, 1.5, 1e21, 2 ** 53, 2 ** 53 - 1, -(2 ** 53 - 1), Number.MAX_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const scalar = fc.oneof(number, name, fc.constantFrom(null, true, false, '1', [], {}));

const item = fc.oneof(
  fc.record(
    { name, by: fc.oneof(number, scalar), idempotencyKey: fc.string({ maxLength: 300 }) },
    { requiredKeys: [] },
  ),
  fc.anything({ withNullPrototype: false, maxDepth: 2 }),
);

const document = fc.oneof(
  fc.record({ by: scalar }),
  fc.record({ value: scalar, min: scalar, max: scalar, to: scalar }, { requiredKeys: [] }),
  fc.record({ names: fc.oneof(fc.array(name, { maxLength: 20 }), scalar) }),
  fc.record({ increments: fc.oneof(fc.array(item, { maxLength: 10 }), scalar), atomic: scalar }, { requiredKeys: [] }),
  fc.record({ key: scalar }),
  fc.jsonValue({ maxDepth: 4 }),
);

const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 6, arbitrary: document.map((value) => JSON.stringify(value)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      '{',
      'null',
      '[[[[[[',
      '{"by":1,"by":2}',
      '{"__proto__":{"by":1}}',
      '{"constructor":{"prototype":{}}}',
      '{"by":1e400}',
      '{"by":9007199254740993}',
      '\ufeff{"by":1}',
      `{"by":1,"${'x'.repeat(2_000)}":1}`,
      'x'.repeat(20_000),
      '['.repeat(10_000),
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
);

const printable = fc.stringMatching(/^[ -~]{0,300}$/);

const headers = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 8, arbitrary: fc.constant('application/json') },
      fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'application/x-www-form-urlencoded', 'x', ''),
    ),
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
    'idempotency-key': fc.oneof(printable, fc.constantFrom('k1', '"k1"', '"', 'é', '')),
    'if-match': fc.oneof(fc.constantFrom('*', '"1"', '"x"', 'W/"1"', '1', '"1", "2"', '""'), printable),
    'if-none-match': fc.constantFrom('*', '"1"', 'W/"1"', '1', ''),
    'x-request-id': fc.oneof(printable, fc.constant('x'.repeat(200))),
    authorization: fc.oneof(fc.constantFrom('Bearer', 'Bearer ec_x_y', 'Basic eDp5', ''), printable),
    cookie: fc.oneof(fc.constantFrom('evercount=', 'a=b; c', '='), printable),
    origin: fc.constantFrom('null', 'https://evil.example', 'http://127.0.0.1'),
    'x-forwarded-for': printable,
    accept: fc.constantFrom('text/event-stream', 'application/json', '*/*', '///'),
    'last-event-id': printable,
    expect: fc.constantFrom('100-continue', 'nonsense'),
  },
  { requiredKeys: [] },
);

const parameter = fc.oneof(
  fc.constantFrom(
    'limit',
    'prefix',
    'cursor',
    'consistency',
    'name',
    'from',
    'to',
    'interval',
    'degraded',
    'x',
    '',
    '__proto__',
  ),
  segment,
);

const query = fc
  .array(
    fc.tuple(
      parameter,
      fc.oneof(fc.constantFrom('1', '0', '1001', 'strong', 'day', '2026-01-01T00:00:00Z', ''), segment),
    ),
    {
      maxLength: 3,
    },
  )
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`));

/** Requests to one of the routes, or to none. */
function anything(routes: readonly Route[]): fc.Arbitrary<FuzzRequest> {
  const path = fc
    .tuple(fc.constantFrom(...routes), segment)
    .map(([route, part]) => ({ ...route, path: route.path.replace(/\{\w+\}/g, () => part) }));
  const nowhere = fc.tuple(fc.constantFrom(...METHODS), fc.array(segment, { maxLength: 4 })).map(([method, parts]) => ({
    method,
    path: `/${parts.join('/')}`,
  }));
  return fc
    .record({
      target: fc.oneof({ weight: 8, arbitrary: path }, { weight: 1, arbitrary: nowhere }),
      otherMethod: fc.option(fc.constantFrom(...METHODS), { freq: 10 }),
      query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, query),
      headers,
      body,
    })
    .map(({ target, otherMethod, ...rest }) => ({
      method: otherMethod ?? target.method,
      path: target.path + rest.query,
      headers: rest.headers,
      body: rest.body,
      adds: null,
    }));
}

const by = fc.integer({ min: -1_000, max: 1_000 }).filter((amount) => amount !== 0);
const modelName = fc.constantFrom(...MODEL_NAMES);
const JSON_HEADERS = { 'content-type': 'application/json' };
const keyed = fc.option(
  fc.uuid().map((key) => ({ 'idempotency-key': key })),
  { nil: {} },
);

/** Increments that are in order, alone and in batches. */
const counting: fc.Arbitrary<FuzzRequest> = fc.oneof(
  fc.record({ name: modelName, by, key: keyed, down: fc.boolean() }).map((one) => ({
    method: 'POST',
    path: `/v1/counters/${encodeURIComponent(one.name)}/${one.down ? 'decrement' : 'increment'}`,
    headers: { ...JSON_HEADERS, ...one.key },
    body: JSON.stringify({ by: one.by }),
    adds: [{ name: one.name, by: one.down ? -one.by : one.by }],
  })),
  fc
    .record({
      adds: fc.array(fc.record({ name: modelName, by }), { minLength: 1, maxLength: 8 }),
      atomic: fc.boolean(),
    })
    .map(({ adds, atomic }) => ({
      method: 'POST',
      path: '/v1/increments',
      headers: JSON_HEADERS,
      body: JSON.stringify({ increments: adds, atomic }),
      adds,
    })),
);

/** Writes to sentinels, each with a fault for which it must be refused. */
const refused: fc.Arbitrary<FuzzRequest> = fc
  .record({
    path: fc.constantFrom(...SENTINELS).map((sentinel) => `/v1/counters/${encodeURIComponent(sentinel)}`),
    fault: fc.constantFrom(
      { method: 'POST', tail: '/increment', body: '{"by":0}' },
      { method: 'POST', tail: '/increment', body: '{"by":1.5}' },
      { method: 'POST', tail: '/increment', body: '{"bye":1}' },
      { method: 'POST', tail: '/increment', body: '{"by":1,"by":2}' },
      { method: 'POST', tail: '/increment?by=1', body: '{"by":1}' },
      { method: 'POST', tail: '/decrement', body: '[]' },
      { method: 'POST', tail: '/increment/', body: '{"by":1}' },
      { method: 'PUT', tail: '', body: '{"value":"1"}' },
      { method: 'PUT', tail: '', body: '{"value":5,"min":6}' },
      { method: 'PUT', tail: '/increment', body: '{"value":5}' },
      { method: 'POST', tail: '/reset', body: '{"to":null}' },
      { method: 'DELETE', tail: '?x', body: null },
      { method: 'PATCH', tail: '', body: '{"value":1}' },
    ),
  })
  .map(({ path, fault }) => ({
    method: fault.method,
    path: path + fault.tail,
    headers: fault.body === null ? {} : JSON_HEADERS,
    body: fault.body,
    adds: null,
  }));

/** Good requests for what is there, whoever may see it. */
const looking: fc.Arbitrary<FuzzRequest> = fc
  .constantFrom(...SENTINELS, ...MODEL_NAMES)
  .chain((text) => {
    const encoded = encodeURIComponent(text);
    const get = (path: string) => ({ method: 'GET', path, body: null });
    return fc.constantFrom(
      get(`/v1/counters/${encoded}`),
      get(`/v1/counters/${encoded}/history`),
      get(`/v1/counters?prefix=${encoded}`),
      get('/v1/counters'),
      get('/v1/top?by=value'),
      get(`/v1/summary?prefix=${encoded}`),
      { method: 'POST', path: '/v1/reads', body: JSON.stringify({ names: [text] }) },
    );
  })
  .map((request) => ({ ...request, headers: JSON_HEADERS, adds: null }));

export function requestsTo(routes: readonly Route[]): fc.Arbitrary<FuzzRequest> {
  return fc.oneof(
    { weight: 7, arbitrary: anything(routes) },
    { weight: 2, arbitrary: counting },
    { weight: 1, arbitrary: refused },
    { weight: 1, arbitrary: looking },
  );
}
