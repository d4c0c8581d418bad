import { describe, expect, it } from '@jest/globals';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

const call = (method: string, path: string, options?: HttpOptions) => send(service.app.url, method, path, options);
const keyed = (key: string, options: HttpOptions = {}): HttpOptions => ({
  ...options,
  headers: { 'idempotency-key': key, ...options.headers },
});
const codeOf = (answer: HttpAnswer) => (JSON.parse(answer.body) as { code?: string }).code;
const valueOf = async (name: string) =>
  (JSON.parse((await call('GET', `/v1/counters/${name}`)).body) as { value?: number }).value;

/** Asks twice with one key, and expects the first answer again: status, body and tag, byte for byte. */
async function expectReplay(method: string, path: string, options: HttpOptions): Promise<HttpAnswer> {
  const first = await call(method, path, options);
  const second = await call(method, path, options);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  expect(second.headers['idempotent-replayed']).toBe('true');
  expect([second.status, second.body]).toEqual([first.status, first.body]);
  for (const name of ['etag', 'content-type']) expect(second.headers[name]).toBe(first.headers[name]);
  return second;
}

describe('a write that is sent again with its key is answered as before, and done once:', () => {
  it.each([
    ['an increment', 'POST', '/increment', { json: { by: 5 } }, 200],
    ['a decrement', 'POST', '/decrement', {}, 200],
    ['a reset', 'POST', '/reset', {}, 200],
    ['a set', 'PUT', '', { json: { value: 4 } }, 200],
    ['a delete', 'DELETE', '', {}, 204],
    ['an increment out of bounds', 'POST', '/increment', { json: { by: 100 } }, 409],
    ['a reset at another version', 'POST', '/reset', { headers: { 'if-match': '"9"' } }, 412],
  ])('%s', async (what, method, suffix, options, status) => {
    const path = `/v1/counters/${encodeURIComponent(what)}`;
    await call('PUT', path, { json: { value: 1, max: 50 } });
    const { status: replayed } = await expectReplay(method, path + suffix, keyed(what, options));
    expect(replayed).toBe(status);
    const { body } = await call('PUT', path, { json: { value: 1 } });
    expect(JSON.parse(body)).toMatchObject({ version: status < 300 ? 3 : 2 });
  });

  it('a set that created the counter, 201', async () => {
    const { status } = await expectReplay('PUT', '/v1/counters/created', keyed('created', { json: { value: 1 } }));
    expect(status).toBe(201);
  });

  it('a sum out of range, and a counter that was not there, with the id of the first request', async () => {
    await call('PUT', '/v1/counters/high', { json: { value: Number.MAX_SAFE_INTEGER } });
    const high = await expectReplay('POST', '/v1/counters/high/increment', keyed('high'));
    expect([high.status, codeOf(high)]).toEqual([422, 'value_overflow']);
    const missing = await expectReplay('DELETE', '/v1/counters/missing', keyed('missing'));
    expect([missing.status, codeOf(missing)]).toEqual([404, 'not_found']);
    expect(missing.headers['x-request-id']).not.toBe((JSON.parse(missing.body) as { instance: string }).instance);
  });
});

describe('a key', () => {
  it('is the same bare and quoted', async () => {
    await call('POST', '/v1/counters/quoted/increment', keyed('a "b" \\c'));
    const quoted = await call('POST', '/v1/counters/quoted/increment', keyed('"a \\"b\\" \\\\c"'));
    expect(quoted.headers['idempotent-replayed']).toBe('true');
    expect(await valueOf('quoted')).toBe(1);
  });

  it('may have 255 characters', async () => {
    await expectReplay('POST', '/v1/counters/long/increment', keyed('k'.repeat(255)));
  });

  it('for another request is 422, and changes nothing', async () => {
    await call('POST', '/v1/counters/reused/increment', keyed('reused', { json: { by: 5 } }));
    const others: [string, string, HttpOptions][] = [
      ['POST', '/v1/counters/reused/increment', { json: { by: 6 } }],
      ['POST', '/v1/counters/other/increment', { json: { by: 5 } }],
      ['POST', '/v1/counters/reused/decrement', { json: { by: 5 } }],
      ['POST', '/v1/counters/reused/reset', {}],
      ['PUT', '/v1/counters/reused', { json: { value: 5 } }],
      ['DELETE', '/v1/counters/reused', {}],
    ];
    for (const [method, path, options] of others) {
      const answer = await call(method, path, keyed('reused', options));
      expect([method, path, answer.status, codeOf(answer)]).toEqual([method, path, 422, 'idempotency_key_reused']);
    }
    expect(await valueOf('reused')).toBe(5);
  });

  it('takes a decrement by 5 and an increment by -5 for the same request', async () => {
    await call('POST', '/v1/counters/sign/decrement', keyed('sign', { json: { by: 5 } }));
    const answer = await call('POST', '/v1/counters/sign/increment', keyed('sign', { json: { by: -5 } }));
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([200, 'true']);
  });

  it('is looked at before the precondition', async () => {
    await call('PUT', '/v1/counters/before', { json: { value: 1 } });
    const options = keyed('before', { json: { value: 2 }, headers: { 'if-match': '"1"' } });
    await expectReplay('PUT', '/v1/counters/before', options);
  });

  it('of a refused body is free again', async () => {
    expect((await call('POST', '/v1/counters/free/increment', keyed('free', { json: { by: 0 } }))).status).toBe(400);
    const answer = await call('POST', '/v1/counters/free/increment', keyed('free', { json: { by: 2 } }));
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([200, undefined]);
  });
});

describe('a batch', () => {
  const increments = (items: unknown[], atomic = false) => ({ json: { increments: items, atomic } });
  const resultsOf = (answer: HttpAnswer) =>
    (JSON.parse(answer.body) as { results: { status: number; replayed?: boolean; counter?: unknown }[] }).results;

  it('answers each item in order, and refuses a rule-breaker alone', async () => {
    await call('PUT', '/v1/counters/b2', { json: { value: 0, max: 1 } });
    const answer = await call('POST', '/v1/increments', {
      ...increments([{ name: 'b1', by: 2 }, { name: 'b2', by: 5 }, { name: 'b1' }]),
      headers: { 'x-request-id': 'batch' },
    });
    expect(answer.status).toBe(200);
    expect(resultsOf(answer)).toMatchObject([
      { status: 200, counter: { name: 'b1', value: 2, version: 1 } },
      {
        status: 409,
        problem: { type: '/problems/out_of_bounds', status: 409, code: 'out_of_bounds', instance: 'batch' },
      },
      { status: 200, counter: { name: 'b1', value: 3, version: 2 } },
    ]);
  });

  it('covered by the header is replayed byte for byte, refusals included', async () => {
    await call('PUT', '/v1/counters/h2', { json: { value: 0, max: 1 } });
    const items = [{ name: 'h1' }, { name: 'h2', by: 5 }];
    await expectReplay('POST', '/v1/increments', keyed('header', increments(items)));
    expect(await valueOf('h1')).toBe(1);
  });

  it('counts the key of its header as key/0, key/1, …', async () => {
    await call('POST', '/v1/increments', keyed('indexed', increments([{ name: 'i0' }, { name: 'i1', by: 2 }])));
    const alone = await call('POST', '/v1/counters/i1/increment', keyed('indexed/1', { json: { by: 2 } }));
    expect([alone.status, alone.headers['idempotent-replayed']]).toEqual([200, 'true']);
  });

  it('says of each item with a key of its own whether it was replayed', async () => {
    await call('POST', '/v1/increments', increments([{ name: 'o1', idempotencyKey: 'o1' }]));
    const again = await call('POST', '/v1/increments', {
      ...increments([{ name: 'o1', idempotencyKey: 'o1' }, { name: 'o2', idempotencyKey: 'o2' }, { name: 'o3' }]),
    });
    expect(again.headers['idempotent-replayed']).toBeUndefined();
    expect(resultsOf(again)).toMatchObject([{ replayed: true }, { status: 200 }, { status: 200 }]);
    expect(resultsOf(again).map(({ replayed }) => replayed)).toEqual([true, undefined, undefined]);
  });

  it('that is atomic is all or nothing, and answers with the first fault', async () => {
    await call('PUT', '/v1/counters/a2', { json: { value: 0, min: 0 } });
    const items = [{ name: 'a1' }, { name: 'a2', by: -1 }, { name: 'a2', by: -2 }];
    const refused = await expectReplay('POST', '/v1/increments', keyed('atomic', increments(items, true)));
    expect([refused.status, codeOf(refused)]).toEqual([409, 'out_of_bounds']);
    expect(JSON.parse(refused.body)).toMatchObject({ errors: [{ pointer: '/increments/1' }] });
    expect([await valueOf('a1'), await valueOf('a2')]).toEqual([undefined, 0]);

    const moved = await expectReplay(
      'POST',
      '/v1/increments',
      keyed(
        'moved',
        increments(
          [
            { name: 'a1', by: -1 },
            { name: 'a2', by: 1 },
          ],
          true,
        ),
      ),
    );
    expect(resultsOf(moved)).toMatchObject([
      { status: 200, counter: { name: 'a1', value: -1 } },
      { status: 200, counter: { name: 'a2', value: 1 } },
    ]);
  });

  it('takes 1000 items, with names and keys as long as they may be', async () => {
    const items = Array.from({ length: 1000 }, (_none, index) => ({
      name: `${index}-`.padEnd(255, 'n'),
      idempotencyKey: `${index}-`.padEnd(255, 'k'),
    }));
    const answer = await call('POST', '/v1/increments', increments(items));
    expect(answer.status).toBe(200);
    expect(resultsOf(answer).filter(({ status }) => status === 200)).toHaveLength(1000);
    const names = items.map(({ name }) => name);
    const { body } = await call('POST', '/v1/reads', { json: { names } });
    const { data } = JSON.parse(body) as { data: { name: string }[] };
    expect(data.map(({ name }) => name)).toEqual(names);
  });
});
