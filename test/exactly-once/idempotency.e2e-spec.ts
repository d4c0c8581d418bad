/** A write with a key counts once, whatever happens to its answer, and every replay says what the first answer said. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type CounterBody, CounterCalls, type Reply } from '../support/counter-calls.js';
import { withServiceProcess } from '../support/service.js';

const service = withServiceProcess({ two: true });
let here: CounterCalls;
let there: CounterCalls;

beforeAll(() => {
  here = service.calls;
  there = new CounterCalls(service.other.url);
});

const inDatabase = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const flushAll = async (): Promise<void> => {
  const client = new Redis(service.redis.url);
  await client.flushall();
  client.disconnect();
};

/** Calls of scripts that Redis has seen so far. */
const scriptCalls = async (): Promise<number> => {
  const client = new Redis(service.redis.url);
  const statistics = await client.info('commandstats');
  client.disconnect();
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
};

const newName = (): string => `counter ${randomUUID()}`;

interface Problem {
  readonly code: string;
}
type Item = { status: number; counter?: CounterBody; problem?: Problem; replayed?: boolean };

const expectReplay = (first: Reply<unknown>, second: Reply<unknown>): void => {
  expect([second.status, second.text, second.headers.get('etag')]).toEqual([
    first.status,
    first.text,
    first.headers.get('etag'),
  ]);
  expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
};

describe('a replay', () => {
  const writes: readonly [string, number, (at: CounterCalls, name: string, key: string) => Promise<Reply<unknown>>][] =
    [
      ['an increment', 200, (at, name, key) => at.increment(name, 5, { key })],
      ['a decrement', 200, (at, name, key) => at.decrement(name, 5, { key })],
      ['a reset', 200, (at, name, key) => at.reset(name, 3, { key })],
      ['a set', 200, (at, name, key) => at.set(name, { value: 4, max: 50 }, { key })],
      ['a creation', 201, (at, name, key) => at.set(`${name}, new`, { value: 4, min: 0 }, { key })],
      ['a deletion', 204, (at, name, key) => at.delete(name, { key })],
      ['a reset of what is not there', 404, (at, name, key) => at.reset(`${name}, absent`, 0, { key })],
      ['a step out of bounds', 409, (at, name, key) => at.increment(name, 1_000, { key })],
      [
        'a precondition that did not hold',
        412,
        (at, name, key) => at.delete(name, { key, headers: { 'if-match': '"99"' } }),
      ],
      [
        'an overflow',
        422,
        async (at, name, key) => {
          await at.set(`${name}, high`, { value: Number.MAX_SAFE_INTEGER });
          return at.increment(`${name}, high`, 1, { key });
        },
      ],
    ];

  it.each(writes)(
    'of %s answers status, body and ETag byte for byte, anywhere, though all moved on',
    async (_, status, write) => {
      const [name, key] = [newName(), randomUUID()];
      await here.set(name, { value: 10, max: 100 });
      const first = await write(here, name, key);
      expect(first.status).toBe(status);
      const after = (await here.read(name, '?consistency=strong')).headers.get('etag');
      await here.increment(`${name}, other`);
      expectReplay(first, await write(here, name, key));
      await flushAll();
      expectReplay(first, await write(there, name, key));
      expect((await there.read(name, '?consistency=strong')).headers.get('etag')).toBe(after);
    },
  );

  it('tells the old value, and reads still tell the new one', async () => {
    const [name, key] = [newName(), randomUUID()];
    await here.increment(name, 1, { key });
    await here.increment(name, 1);
    expect((await there.increment(name, 1, { key })).body.value).toBe(1);
    expect((await here.read(name)).body.value).toBe(2);
  });

  it('of a thousand reaches the cache by a few calls, which Redis answers in time', async () => {
    const increments = Array.from({ length: 1_000 }, () => ({ name: newName(), idempotencyKey: randomUUID() }));
    await here.batch({ increments });
    const before = await scriptCalls();
    const { body } = await here.batch<{ results: Item[] }>({ increments });
    expect(body.results.filter(({ status, replayed }) => status === 200 && replayed === true)).toHaveLength(1_000);
    expect((await scriptCalls()) - before).toBeLessThan(100);
  });

  it('is looked up before If-Match', async () => {
    const [name, key] = [newName(), randomUUID()];
    await here.set(name, { value: 1 });
    const options = { key, headers: { 'if-match': '"1"' } };
    const first = await here.reset(name, 7, options);
    expect(first.status).toBe(200);
    expectReplay(first, await here.reset(name, 7, options));
  });
});

describe('the same request', () => {
  it('is an increment alone, in a batch, or as the opposite decrement', async () => {
    const [name, key] = [newName(), randomUUID()];
    const first = await here.decrement(name, 5, { key });
    expectReplay(first, await here.increment(name, -5, { key }));
    const batch = await here.batch<{ results: Item[] }>({ increments: [{ name, by: -5, idempotencyKey: key }] });
    expect(batch.body.results).toEqual([{ status: 200, counter: first.body, replayed: true }]);
  });

  it('has the same operation, name and arguments; anything else under its key is 422 and changes nothing', async () => {
    const [name, key] = [newName(), randomUUID()];
    await here.increment(name, 5, { key });
    for (const other of [
      here.increment(name, 6, { key }),
      here.increment(`${name}!`, 5, { key }),
      here.reset(name, 5, { key }),
      there.delete(name, { key }),
      here.batch({ increments: [{ name, by: 6, idempotencyKey: key }], atomic: true }),
    ]) {
      const reply = await other;
      expect([reply.status, (reply.body as Problem).code]).toEqual([422, 'idempotency_key_reused']);
    }
    expect((await here.read(name)).body).toMatchObject({ value: 5, version: 1 });
  });

  it('may be sent again after a 400, whose key is not kept', async () => {
    const [name, key] = [newName(), randomUUID()];
    expect((await here.increment(name, 0, { key })).status).toBe(400);
    expect((await here.increment(name, 2, { key })).body.value).toBe(2);
  });

  it('counts once when it comes many times at once, at both instances', async () => {
    const [name, key] = [newName(), randomUUID()];
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? here : there).increment(name, 3, { key })),
    );
    const settled = replies.filter(({ status }) => status === 200);
    expect(settled.length).toBeGreaterThan(0);
    expect(new Set(settled.map(({ text }) => text)).size).toBe(1);
    for (const { status, headers } of replies.filter((reply) => reply.status !== 200)) {
      expect([status, headers.get('retry-after')]).toEqual([409, '1']);
    }
    expect((await here.read(name)).body).toMatchObject({ value: 3, version: 1 });
  });

  it('is a new one when its key has expired', async () => {
    const [name, key] = [newName(), randomUUID()];
    for (const [turn, write] of [
      () => here.increment(name, 1, { key }),
      () => there.increment(name, 1, { key }),
      () => here.reset(name, 3, { key }),
    ].entries()) {
      const reply = await write();
      expect([reply.body.version, reply.headers.get('idempotent-replayed')]).toEqual([turn + 1, null]);
      await inDatabase(async (client) => {
        for (const table of ['idempotency_keys', 'key_claims']) {
          await client.query(`UPDATE ${table} SET expires_at = now() - interval '1 second' WHERE key = $1`, [key]);
        }
      });
    }
  });
});

describe('a batch', () => {
  const SIZE = 1_000;
  const places = [0, SIZE / 2, SIZE - 1];

  /** 1,000 counters, of which the one at `place` is full. */
  const itemsWithRuleBreaker = async (place: number): Promise<{ name: string; by: number }[]> => {
    const base = newName();
    await here.set(`${base} ${place}`, { value: 1, max: 1 });
    return Array.from({ length: SIZE }, (_, index) => ({ name: `${base} ${index}`, by: 1 }));
  };

  it.each(places)('refuses the rule-breaker at place %i alone, and replays all of it', async (place) => {
    const increments = await itemsWithRuleBreaker(place);
    const key = randomUUID();
    const first = await here.batch<{ results: Item[] }>({ increments }, { key });
    expect(first.status).toBe(200);
    expect(first.body.results.map(({ status }) => status)).toEqual(
      increments.map((_, index) => (index === place ? 409 : 200)),
    );
    expectReplay(first, await there.batch({ increments }, { key }));
  });

  it.each(places)('that is atomic changes nothing for the rule-breaker at place %i', async (place) => {
    const increments = await itemsWithRuleBreaker(place);
    const key = randomUUID();
    const first = await here.batch<Problem>({ increments, atomic: true }, { key });
    expect([first.status, first.body.code]).toEqual([409, 'out_of_bounds']);
    expectReplay(first, await there.batch({ increments, atomic: true }, { key }));
    const names = increments.map(({ name }) => name);
    const { body } = await here.call<{ data: (CounterBody | null)[] }>('POST', '/v1/reads', { names });
    expect(body.data.flatMap((counter) => (counter === null ? [] : [counter.value]))).toEqual([1]);
  });

  it('that is atomic moves between counters, and replays', async () => {
    const [from, to, key] = [newName(), newName(), randomUUID()];
    await here.set(from, { value: 1, min: 0 });
    const move = {
      atomic: true,
      increments: [
        { name: from, by: -1 },
        { name: to, by: 1 },
      ],
    };
    const first = await here.batch<{ results: Item[] }>(move, { key });
    expect(first.body.results.map(({ counter }) => counter?.value)).toEqual([0, 1]);
    expectReplay(first, await there.batch(move, { key }));
    expect((await here.batch(move, { key: randomUUID() })).status).toBe(409);
    expect((await here.read(to)).body.value).toBe(1);
  });

  it('answers an item that repeats the key of another one with the same counter', async () => {
    const [name, idempotencyKey] = [newName(), randomUUID()];
    const increments = [1, 2].map(() => ({ name, by: 1, idempotencyKey }));
    for (const atomic of [false, true]) {
      const { status, body } = await here.batch<{ results: Item[] }>({ increments, atomic });
      expect([status, body.results.map(({ counter }) => counter?.value)]).toEqual([200, [1, 1]]);
    }
  });

  it('never deadlocks with one that has its counters in the opposite order', async () => {
    const base = newName();
    const names = Array.from({ length: 200 }, (_, index) => `${base} ${index}`);
    const forwards = names.map((name) => ({ name, by: 1 }));
    const backwards = [...forwards].reverse();
    const replies = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        (index % 2 === 0 ? here : there).batch({
          increments: index % 4 < 2 ? forwards : backwards,
          atomic: index % 3 === 0,
        }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect((await here.read(names[0] ?? '')).body.value).toBe(24);
    const log = service.apps.flatMap((app) => app.log()).filter(({ level }) => level === 'error' || level === 'fatal');
    expect(log).toEqual([]);
  });
});
