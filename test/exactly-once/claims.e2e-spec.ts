/** Where the truth is divided, a key stands for one request all the same, whichever buckets and instances it meets. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Buckets } from '../../src/domain/bucket.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startAppProcess } from '../support/app.js';
import { CounterCalls, type Reply } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withServiceProcess } from '../support/service.js';

const BUCKETS = 4;
const env = { BUCKETS: String(BUCKETS) };
const service = withServiceProcess({ two: true, env, ending: () => database.end() });
let database: pg.Client;
let here: CounterCalls;
let there: CounterCalls;

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  here = service.calls;
  there = new CounterCalls(service.other.url);
});

const buckets = new Buckets(BUCKETS);

/** New names in different buckets. */
const newNames = (): [string, string] => {
  const first = `counter ${randomUUID()}`;
  for (;;) {
    const second = `counter ${randomUUID()}`;
    if (buckets.of(second) !== buckets.of(first)) return [first, second];
  }
};

const valueOf = async (name: string): Promise<number> => {
  const { status, body } = await there.read(name, '?consistency=strong');
  return status === 404 ? 0 : body.value;
};

/** Ends the claim of a key, or lets it end when that is said. */
const endClaim = (key: string, at = "now() - interval '1 second'") =>
  database.query(`UPDATE key_claims SET expires_at = ${at} WHERE key = $1`, [key]);

const isClaimed = async (key: string): Promise<boolean> =>
  (await database.query('SELECT FROM key_claims WHERE key = $1', [key])).rowCount === 1;

const codeOf = ({ status, body }: Reply<unknown>) => [status, (body as { readonly code?: string }).code];

/** What is told where a key stands for another request. */
const REUSED = [422, 'idempotency_key_reused'];

const isReplay = ({ headers }: Reply<unknown>): boolean => headers.get('idempotent-replayed') === 'true';

it('of two requests with one key, for counters of two buckets, at two instances at once, one counts', async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    const [[one, other], key] = [newNames(), randomUUID()];
    const replies = await Promise.all([here.increment(one, 1, { key }), there.increment(other, 1, { key })]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 422]);
    expect((await valueOf(one)) + (await valueOf(other))).toBe(1);
  }
});

it('the same request counts once, at both instances at once and later', async () => {
  for (let turn = 0; turn < 10; turn += 1) {
    const [[name], key] = [newNames(), randomUUID()];
    const replies = await Promise.all([here, there, here, there].map((calls) => calls.increment(name, 1, { key })));
    for (const { status, body } of replies) {
      expect([200, 409]).toContain(status);
      if (status === 200) expect(body.value).toBe(1);
    }
    expect(isReplay(await there.increment(name, 1, { key }))).toBe(true);
    expect(await valueOf(name)).toBe(1);
  }
});

it('what was claimed and not written is written by the next try, and by no other request', async () => {
  const [[one, other], key] = [newNames(), randomUUID()];
  await database.query('ALTER TABLE idempotency_keys RENAME TO away');
  expect((await here.increment(one, 1, { key })).status).toBe(503);
  await database.query('ALTER TABLE away RENAME TO idempotency_keys');
  expect(await isClaimed(key)).toBe(true);
  expect(codeOf(await there.increment(other, 1, { key }))).toEqual(REUSED);
  expect(codeOf(await there.increment(one, 2, { key }))).toEqual(REUSED);
  const retry = await there.increment(one, 1, { key });
  expect([retry.status, retry.body.value, isReplay(retry)]).toEqual([200, 1, false]);
});

it('nothing is written under a key that cannot be claimed', async () => {
  const [[name], key] = [newNames(), randomUUID()];
  await database.query('ALTER TABLE key_claims RENAME TO away');
  const failed = await Promise.all([
    here.increment(name, 1, { key }),
    here.batch({ atomic: true, increments: [{ name, by: 1, idempotencyKey: randomUUID() }] }),
  ]);
  await database.query('ALTER TABLE away RENAME TO key_claims');
  for (const { status, text } of failed) expect(`${status} ${text}`).toMatch(/^503 .*nothing was written/);
  expect(await valueOf(name)).toBe(0);
  expect((await here.increment(name, 1, { key })).body.value).toBe(1);
});

it('keys of batches are claimed: items go on alone, what is atomic as a whole', async () => {
  const [[one, other], taken, free] = [newNames(), randomUUID(), randomUUID()];
  await here.increment(one, 1, { key: taken });
  const increments = [
    { name: other, by: 1, idempotencyKey: taken },
    { name: one, by: 1, idempotencyKey: taken },
    { name: other, by: 5, idempotencyKey: free },
    { name: one, by: 5 },
  ];
  expect((await there.batch({ increments, atomic: true })).status).toBe(422);
  expect([await valueOf(one), await valueOf(other)]).toEqual([1, 0]);
  const { body } = await there.batch<{ results: { status: number; replayed?: true }[] }>({ increments });
  expect(body.results).toMatchObject([
    { status: 422 },
    { status: 200, replayed: true },
    { status: 200 },
    { status: 200 },
  ]);
  expect([await valueOf(one), await valueOf(other)]).toEqual([6, 5]);
  expect(codeOf(await here.increment(one, 5, { key: free }))).toEqual(REUSED);
});

it('increments of a batch stay in their order, with keys and without', async () => {
  const [name] = newNames();
  const increments = Array.from({ length: 40 }, (_, index) =>
    index % 3 === 0 ? { name, by: 1 } : { name, by: 1, idempotencyKey: randomUUID() },
  );
  const { body } = await here.batch<{ results: { counter: { value: number } }[] }>({ increments });
  expect(body.results.map(({ counter }) => counter.value)).toEqual(increments.map((_, index) => index + 1));
});

it('a batch that is atomic moves between buckets once', async () => {
  const [[from, to], key] = [newNames(), randomUUID()];
  const move = {
    atomic: true,
    increments: [
      { name: from, by: -1 },
      { name: to, by: 1 },
    ],
  };
  const replies = await Promise.all([here, there].map((calls) => calls.batch(move, { key })));
  for (const { status } of replies) expect([200, 409]).toContain(status);
  expect(isReplay(await there.batch(move, { key }))).toBe(true);
  expect([await valueOf(from), await valueOf(to)]).toEqual([-1, 1]);
});

it('ONCE claims the same keys', async () => {
  const [[one, other], key, later] = [newNames(), randomUUID(), randomUUID()];
  await here.increment(one, 1, { key });
  const app = await startAppProcess({ ...service.urls, env: { ...env, RESP_PORT: String(await freePort()) } });
  const client = new Redis(app.respPort);
  try {
    expect(await client.call('once', key, 'incr', one)).toBe(1);
    await expect(client.call('once', key, 'incr', other)).rejects.toThrow(
      'ERR idempotency key was used for another command',
    );
    const pipeline = client.pipeline();
    for (const value of [1, 2, 3]) pipeline.call('once', value === 1 ? later : randomUUID(), 'set', other, value);
    await pipeline.exec();
    expect(await client.get(other)).toBe('3');
  } finally {
    client.disconnect();
    await app.stop();
  }
  expect(codeOf(await here.increment(one, 1, { key: later }))).toEqual(REUSED);
});

it('an item of a delivery whose key stands for something else is refused alone', async () => {
  const [[one, other], taken, free] = [newNames(), randomUUID(), randomUUID()];
  await here.increment(one, 1, { key: taken });
  const item = (name: string, idempotencyKey: string) => ({
    name,
    by: 1,
    at: new Date().toISOString(),
    idempotencyKey,
  });
  const increments = [
    item(other, taken),
    item(one, taken),
    item(other, free),
    { ...item(one, ''), idempotencyKey: undefined },
  ];
  const delivery = { from: 0, to: increments.length, previous: null, nonce: randomUUID(), more: false, increments };
  const deliver = (calls: CounterCalls, id: string) =>
    calls.call<unknown>('POST', `/v1/edges/${id}/deliveries`, delivery);
  const id = randomUUID();
  const { body, text } = await there.call<unknown>('POST', `/v1/edges/${id}/deliveries`, delivery);
  expect(body).toMatchObject({
    results: [
      { status: 422, code: 'idempotency_key_reused' },
      { status: 200, replayed: true },
      { status: 200 },
      { status: 200 },
    ],
  });
  expect((await deliver(here, id)).text).toBe(text);
  expect([await valueOf(one), await valueOf(other)]).toEqual([2, 1]);
  expect(codeOf(await here.increment(one, 1, { key: free }))).toEqual(REUSED);
});

it('once its claim has ended a key stands for something new, and nothing older is told', async () => {
  const [[one, other], key] = [newNames(), randomUUID()];
  await here.increment(one, 1, { key });
  await endClaim(key);
  // The same request, which is a new one; another one in the same bucket; and one in another bucket.
  for (const [calls, write, value] of [
    [there, () => there.increment(one, 1, { key }), 2],
    [here, () => here.increment(one, 5, { key }), 7],
    [there, () => there.increment(other, 1, { key }), 1],
    [here, () => here.increment(one, 1, { key }), 8],
    [there, () => there.reset(one, 3, { key }), 3],
  ] as const) {
    const reply = await write();
    expect([reply.status, reply.body.value, isReplay(reply)]).toEqual([200, value, false]);
    expect(isReplay(await write())).toBe(true);
    expect(codeOf(await calls.increment(`${other}, too`, 1, { key }))).toEqual(REUSED);
    await endClaim(key);
  }
});

it('in the last minute of a claim nothing is begun under it', async () => {
  const [[one, other], key] = [newNames(), randomUUID()];
  await here.increment(one, 1, { key });
  await endClaim(key, "now() + interval '50 seconds'");
  const reply = await there.increment(one, 1, { key });
  expect(codeOf(reply)).toEqual([409, 'in_progress']);
  expect(codeOf(await there.increment(other, 1, { key }))).toEqual(REUSED);
});

it('a retry counts once after its first try was killed behind its claim', async () => {
  const [[one, other], key] = [newNames(), randomUUID()];
  await database.query('BEGIN; LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE');
  const first = here.increment(one, 1, { key }).catch(() => null);
  await eventually(() => isClaimed(key));
  await service.app.kill();
  await database.query('ROLLBACK');
  expect(await first).toBeNull();
  expect(codeOf(await there.increment(other, 1, { key }))).toEqual(REUSED);
  expect((await there.increment(one, 1, { key })).body.value).toBe(1);
  expect(await valueOf(one)).toBe(1);
});
