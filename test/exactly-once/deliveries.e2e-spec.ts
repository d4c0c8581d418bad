/** What an edge delivers counts exactly once, however often and however late it is sent. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { type Delivery, digestOf } from '../../src/domain/delivery.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

const NOW = () => new Date().toISOString();

interface Results {
  readonly results: readonly { status: number; value?: number; replayed?: true; code?: string }[];
}

const item = (name: string, by = 1, more: object = {}) => ({ name, by, at: NOW(), ...more });

/** A delivery behind another one, or the first. */
function delivery(after: Delivery | null, increments: Delivery['increments'], more = false): Delivery {
  const from = after?.to ?? 0;
  const previous = after === null ? null : digestOf(after);
  return { from, to: from + increments.length, previous, nonce: randomUUID(), more, increments };
}

const deliver = (id: string, body: unknown) => service.calls.call<Results>('POST', `/v1/edges/${id}/deliveries`, body);
const valueOf = async (name: string) => (await service.calls.read(name)).body.value;

it('the same delivery is taken once, and answered the same each time, also by many at once', async () => {
  const id = randomUUID();
  const first = delivery(null, [item('once:a', 5), item('once:b', 2), item('once:a', -1)]);
  const answers = await Promise.all(Array.from({ length: 8 }, () => deliver(id, first)));
  const told = answers.filter(({ status }) => status === 200).map(({ text }) => text);
  expect(new Set(told)).toEqual(
    new Set(['{"results":[{"status":200,"value":5},{"status":200,"value":2},{"status":200,"value":4}]}']),
  );
  expect((await deliver(id, first)).text).toBe(told[0]);
  const second = delivery(first, [item('once:a', 10)]);
  expect((await deliver(id, second)).body.results).toEqual([{ status: 200, value: 14 }]);
  expect((await deliver(id, second)).body.results).toEqual([{ status: 200, value: 14 }]);
  expect([await valueOf('once:a'), await valueOf('once:b')]).toEqual([14, 2]);
});

it('a reading says what was told, also of a delivery that is answered once more', async () => {
  const id = randomUUID();
  const first = delivery(null, [item('told')]);
  await deliver(id, first);
  await service.calls.increment('told', 4);
  expect((await deliver(id, first)).body.results).toEqual([{ status: 200, value: 1 }]);
  expect(await valueOf('told')).toBe(5);
});

it('what does not follow is refused, and changes nothing: a gap, a fork, an earlier one', async () => {
  const id = randomUUID();
  const first = delivery(null, [item('chain')]);
  const second = delivery(first, [item('chain')]);
  const third = delivery(second, [item('chain')]);
  expect((await deliver(id, second)).body).toMatchObject({ code: 'edge_gap' });
  await deliver(id, first);
  expect((await deliver(id, third)).body).toMatchObject({ code: 'edge_gap', status: 409 });
  await deliver(id, second);
  const other = delivery(first, [item('chain', 7)]);
  expect((await deliver(id, other)).body).toMatchObject({ code: 'edge_forked', status: 409 });
  expect((await deliver(id, first)).body).toMatchObject({ code: 'edge_forked' });
  expect((await deliver(id, delivery(other, [item('chain')]))).body).toMatchObject({ code: 'edge_forked' });
  expect((await deliver(id, third)).status).toBe(200);
  expect(await valueOf('chain')).toBe(3);
  const { body } = await service.calls.call('GET', `/v1/edges/${id}`);
  expect(body).toMatchObject({ last: 3, digest: digestOf(third), refused: 0 });
});

it('an edge of which nothing is known stands at the beginning', async () => {
  const { status, body } = await service.calls.call('GET', `/v1/edges/${randomUUID()}`);
  expect([status, body]).toEqual([200, { last: 0, digest: null, deliveredAt: null, refused: 0 }]);
});

it('what breaks a rule is refused alone, with the reason, and the same again is answered the same', async () => {
  await service.calls.set('bounded', { value: 9, max: 10 });
  const id = randomUUID();
  const first = delivery(null, [item('bounded', 5), item('free', 2), item('bounded', 1), item('bounded', 1)]);
  const answer = await deliver(id, first);
  expect(answer.body.results.map(({ status, code }) => [status, code])).toEqual([
    [409, 'out_of_bounds'],
    [200, undefined],
    [200, undefined],
    [409, 'out_of_bounds'],
  ]);
  expect((await deliver(id, first)).text).toBe(answer.text);
  expect([await valueOf('bounded'), await valueOf('free')]).toEqual([10, 2]);
  expect((await service.calls.call('GET', `/v1/edges/${id}`)).body).toMatchObject({ refused: 2 });
});

it('an item with a name or a key that is none is refused alone: an edge sends the same again until it is taken', async () => {
  const id = randomUUID();
  const names = ['', '.', 'a\u0000b', 'a\ud800', 'n'.repeat(256)];
  const keys = ['', 'schlüssel', 'k'.repeat(260)];
  // So long is the key of an item in a batch whose header has the longest one.
  const longest = `${'k'.repeat(255)}/999`;
  const first = delivery(null, [
    ...names.map((name) => item(name)),
    ...keys.map((idempotencyKey) => item('unlike', 1, { idempotencyKey })),
    item('unlike', 5, { idempotencyKey: longest }),
  ]);
  const answer = await deliver(id, first);
  expect(answer.body.results).toMatchObject([
    ...[...names, ...keys].map(() => ({ status: 400, code: 'invalid_request' })),
    { status: 200, value: 5 },
  ]);
  expect((await deliver(id, first)).text).toBe(answer.text);
  expect((await deliver(id, delivery(first, [item('unlike')]))).body.results).toMatchObject([{ value: 6 }]);
});

it('a delivery of which all is refused is remembered too', async () => {
  await service.calls.set('shut', { value: 0, max: 0 });
  const id = randomUUID();
  const first = delivery(null, [item('shut')]);
  const answer = await deliver(id, first);
  expect(answer.body.results).toMatchObject([{ status: 409 }]);
  expect((await deliver(id, first)).text).toBe(answer.text);
  expect((await deliver(id, delivery(first, [item('open')]))).status).toBe(200);
});

it('a key that travelled along counts once with what came by itself under the same key', async () => {
  await service.calls.increment('keyed', 3, { key: 'sold-17' });
  const id = randomUUID();
  const first = delivery(null, [
    item('keyed', 3, { idempotencyKey: 'sold-17' }),
    item('keyed', 4, { idempotencyKey: 'sold-18' }),
    item('keyed', 5, { idempotencyKey: 'sold-17' }),
  ]);
  expect((await deliver(id, first)).body.results).toMatchObject([
    { status: 200, value: 3, replayed: true },
    { status: 200, value: 7 },
    { status: 422, code: 'idempotency_key_reused' },
  ]);
  expect((await service.calls.increment('keyed', 4, { key: 'sold-18' })).body.value).toBe(7);
});

it('what is no delivery is refused with its faults', async () => {
  const id = randomUUID();
  const good = delivery(null, [item('shape')]);
  for (const bad of [
    { ...good, to: 2 },
    { ...good, from: 1, to: 2 },
    { ...good, previous: 'f'.repeat(64) },
    { ...good, increments: [] },
    { ...good, increments: [item('shape', 0)] },
    { ...good, increments: [{ ...item('shape'), at: 'yesterday' }] },
    { ...good, extra: 1 },
  ]) {
    expect([bad, (await deliver(id, bad)).status]).toEqual([bad, 400]);
  }
  expect((await deliver('shop-7', good)).status).toBe(400);
  expect((await service.calls.read('shape')).status).toBe(404);
});

it('the largest delivery that an edge can write down is taken: it is sent as it is until then', async () => {
  const place = (index: number) => String(index).padStart(4, '0');
  const at = '2026-01-01T00:00:00.000Z';
  const increments = Array.from({ length: 1_000 }, (_, index) => {
    const [name, idempotencyKey] = [
      `${place(index)}${'"'.repeat(251)}`,
      `${place(index)}${'\\'.repeat(250)}/${place(index)}`,
    ];
    return { name, by: -9_007_199_254_740_991, at, idempotencyKey };
  });
  const { status, body } = await deliver(randomUUID(), delivery(null, increments));
  expect(status).toBe(200);
  expect(body.results.every((result) => result.status === 200)).toBe(true);
});

it('a compressed delivery is taken; one that would unpack to more than may be sent is not', async () => {
  const id = randomUUID();
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const post = (path: string, body: Buffer) => send(service.app.url, 'POST', path, { headers, body });
  const many = Array.from({ length: 1_000 }, (_, index) => item(`packed:${index}`, index + 1));
  const first = delivery(null, many);
  const packed = gzipSync(JSON.stringify(first));
  expect(packed.length).toBeLessThan(JSON.stringify(first).length / 5);
  expect((await post(`/v1/edges/${id}/deliveries`, packed)).status).toBe(200);
  expect(await valueOf('packed:999')).toBe(1_000);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
  expect((await post(`/v1/edges/${id}/deliveries`, bomb)).status).toBe(413);
  expect((await post(`/v1/edges/${id}/deliveries`, Buffer.from('no gzip'))).status).toBe(400);
  // Nowhere else.
  expect((await post('/v1/increments', gzipSync('{"increments":[{"name":"a"}]}'))).status).toBe(415);
});

it('what is in the history later stands there at the time when it was counted', async () => {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  try {
    const id = randomUUID();
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const first = delivery(null, [item('late'), { ...item('late'), at: hourAgo }], true);
    const future = { ...item('late'), at: new Date(Date.now() + 3_600_000).toISOString() };
    const second = delivery(first, [future, { ...item('late'), at: hourAgo }]);
    // Behind a delivery with nothing waiting, nothing was counted before it.
    const third = delivery(second, [{ ...item('late'), at: hourAgo }]);
    for (const each of [first, second, third]) expect((await deliver(id, each)).status).toBe(200);
    const { rows } = await database.query<{ ago: number }>(
      `SELECT round(extract(epoch FROM now() - at) / 3600)::int AS ago FROM late_increments WHERE name = 'late'`,
    );
    const agos = rows.map(({ ago }) => ago).sort();
    // The minute may have ended between the second and the third.
    expect(agos.filter((ago) => ago !== 0)).toEqual([1, 1]);
  } finally {
    await database.end();
  }
});
