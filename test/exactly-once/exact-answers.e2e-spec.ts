/** Every increment is answered with its own value and version, whoever else counts at the same time. */
import { CounterCalls } from '../support/counter-calls.js';
import { withServiceProcess } from '../support/service.js';

const CLIENTS = 64;

const service = withServiceProcess({ env: { CACHE_TTL_MS: '150' }, two: true });

const callsTo = (index: number): CounterCalls => new CounterCalls((index % 2 === 0 ? service.app : service.other).url);

/** Runs `work` in 64 clients at once, each `times` times in turn. */
const inClients = async <T>(times: number, work: (client: number, turn: number) => Promise<T>): Promise<T[]> => {
  const results = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      const own: T[] = [];
      for (let turn = 0; turn < times; turn += 1) own.push(await work(client, turn));
      return own;
    }),
  );
  return results.flat();
};

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

describe.each([
  ['one instance', 1],
  ['two instances', 2],
])('with %s', (label, instances) => {
  it('answers 64 clients on one counter with distinct, gapless values', async () => {
    const name = `one, ${label}`;
    const replies = await inClients(20, (client) => callsTo(client % instances).increment(name));
    const total = CLIENTS * 20;
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(replies.map(({ body }) => body.value).sort((a, b) => a - b)).toEqual(upTo(total));
    expect(replies.every(({ body }) => body.version === body.value)).toBe(true);
    expect((await callsTo(0).read(name)).body).toMatchObject({ value: total, version: total });
  });

  it('answers 64 clients on 1,000 counters exactly', async () => {
    const replies = await inClients(60, (client, turn) =>
      callsTo(client % instances).increment(`many ${(client * 60 + turn * 7) % 1_000}, ${label}`, 3),
    );
    const byName = new Map<string, number[]>();
    for (const { body } of replies) byName.set(body.name, [...(byName.get(body.name) ?? []), body.value]);
    for (const values of byName.values()) {
      expect(values.sort((a, b) => a - b)).toEqual(upTo(values.length).map((n) => 3 * n));
    }
    const sum = [...byName.values()].reduce((all, values) => all + 3 * values.length, 0);
    expect(sum).toBe(3 * replies.length);
  });

  it('answers rising and falling increments of one counter exactly', async () => {
    const name = `mixed, ${label}`;
    const amount = (client: number, turn: number): number => ((client + turn) % 2 === 0 ? 1 : -1) * (1 + (client % 5));
    const replies = await inClients(10, async (client, turn) => ({
      by: amount(client, turn),
      body: (await callsTo(client % instances).increment(name, amount(client, turn))).body,
    }));
    const inOrder = replies.sort((a, b) => a.body.version - b.body.version);
    let value = 0;
    for (const [index, { by, body }] of inOrder.entries()) {
      value += by;
      expect(body).toMatchObject({ version: index + 1, value });
    }
  });
});

it('never reads less than was answered before, while entries expire under load', async () => {
  const name = 'expiring';
  let answered = 0;
  let sources = new Set<string | null>();
  const replies = await inClients(25, async (client) => {
    if (client % 2 === 0) {
      const { body } = await callsTo(client).increment(name);
      answered = Math.max(answered, body.version);
      return 0;
    }
    const before = answered;
    const { status, body, headers } = await callsTo(Math.floor(client / 2)).read(name);
    sources = sources.add(headers.get('cache-status'));
    return status === 404 ? before : before - body.version;
  });
  expect(Math.max(...replies)).toBeLessThanOrEqual(0);
  expect([...sources]).toContain('evercount; hit');
});
