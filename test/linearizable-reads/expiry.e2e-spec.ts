/** Counters that end by themselves: absent from their moment on, at one version for everybody, and never back from it. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { Expirer } from '../../src/counters/expiry/expirer.js';
import { type CounterBody, CounterCalls, type Reply } from '../support/counter-calls.js';
import { EndingsWatch } from '../support/endings-watch.js';
import { eventually } from '../support/eventually.js';
import { itInside } from '../support/on-bun.js';
import { withService } from '../support/service.js';

const service = withService({
  inside: true,
  two: true,
  ending: async () => {
    hand.disconnect();
    await database.end();
  },
});
let database: pg.Client;
let hand: Redis;
/** Writes ends down as soon as it can; beside it one that leaves that to readers and writers. */
let here: CounterCalls;

beforeAll(async () => {
  // Nobody does it but who reads or writes.
  for (const app of service.apps) await app.nest.get(Expirer).onApplicationShutdown();
  here = service.calls;
  database = new pg.Client(service.databaseUrl);
  await database.connect();
  hand = new Redis(service.redis.url);
});

const increment = (name: string, body: object = {}): Promise<Reply> =>
  here.call('POST', `/v1/counters/${encodeURIComponent(name)}/increment`, body);

/** Makes a counter end now, as if its time had come. */
async function letEnd(name: string): Promise<void> {
  await hand.del(`ec:${name}`);
  await database.query(`UPDATE counters SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = $1`, [name]);
}

const rowOf = async (name: string): Promise<{ version: string; deleted: boolean } | undefined> =>
  (await database.query<{ version: string; deleted: boolean }>('SELECT * FROM counters WHERE name = $1', [name]))
    .rows[0];

describe('a counter whose time is over', () => {
  itInside('is absent in every way of asking, although nobody has written it down', async () => {
    await increment('over:all', { by: 7, ttlMs: 60_000 });
    await letEnd('over:all');
    const lists = await Promise.all([
      here.call<{ data: unknown[] }>('GET', '/v1/counters?prefix=over:'),
      here.call<{ data: unknown[] }>('GET', '/v1/top?prefix=over:'),
    ]);
    expect(lists.map(({ body }) => body.data)).toEqual([[], []]);
    const sum = await here.call('GET', '/v1/summary?prefix=over:');
    expect(sum.body).toMatchObject({ count: 0 });
    expect((await here.call('GET', '/v1/counters/over:all/history')).status).toBe(404);
    expect(await rowOf('over:all')).toMatchObject({ version: '1', deleted: false });
    const many = await here.call('POST', '/v1/reads', { names: ['over:all'] });
    expect(many.body).toEqual({ data: [null] });
    // Who tells it of one counter has it written down before.
    expect(await rowOf('over:all')).toMatchObject({ version: '2', deleted: true });
  });

  it.each(['', '?consistency=strong'])('is written down before a read%s tells it', async (query) => {
    const name = `read${query}`;
    await increment(name, { ttlMs: 60_000 });
    await letEnd(name);
    expect((await here.read(name, query)).status).toBe(404);
    expect(await rowOf(name)).toMatchObject({ version: '2', deleted: true });
  });

  it.each(['reset', 'DELETE'])('is not there for %s, which writes it down', async (call) => {
    const name = `not there for ${call}`;
    await increment(name, { ttlMs: 60_000 });
    await letEnd(name);
    expect((await (call === 'DELETE' ? here.delete(name) : here.reset(name))).status).toBe(404);
    expect(await rowOf(name)).toMatchObject({ version: '2', deleted: true });
  });

  it('begins anew two versions on, at 0, without bounds and without an end', async () => {
    await here.call('PUT', '/v1/counters/anew', { value: 5, min: 0, max: 10, ttlMs: 60_000 });
    await letEnd('anew');
    expect((await increment('anew', { by: 50 })).body).toMatchObject({
      value: 50,
      version: 3,
      min: null,
      max: null,
      expiresAt: null,
    });
    const ended = await database.query<{ ended: boolean }>(
      `SELECT bool_or("values"[array_position(names, 'anew')] IS NULL) AS ended FROM batches WHERE 'anew' = ANY (names)`,
    );
    // It began anew in the batch that ended it: what is told of it is what it is since.
    expect(ended.rows).toEqual([{ ended: false }]);
  });

  it('is counted on by nobody, also where nothing but its end keeps the fast lane from it', async () => {
    await increment('counted on', { by: 7, ttlMs: 60_000 });
    await letEnd('counted on');
    const again = await here.batch<{ results: { counter: CounterBody }[] }>({
      increments: [{ name: 'counted on' }, { name: 'counted on' }],
    });
    expect(again.body.results.map(({ counter: { value, version } }) => [value, version])).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it.each(['', '?consistency=strong'])('is there for a read%s, where somebody renews it meanwhile', async (query) => {
    const name = `renewed${query}`;
    await increment(name, { ttlMs: 60_000 });
    await letEnd(name);
    await database.query('BEGIN');
    await database.query(
      `UPDATE counters SET version = 2, expires_at = clock_timestamp() + interval '1 hour' WHERE name = $1`,
      [name],
    );
    const reading = here.read(name, query);
    await eventually(async () => {
      const { rowCount } = await database.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rowCount === 1;
    });
    await database.query('COMMIT');
    const { status, body } = await reading;
    expect([status, body.version]).toEqual([200, 2]);
  });

  it('is created, as If-None-Match and 201 have it', async () => {
    await increment('created', { ttlMs: 60_000 });
    await letEnd('created');
    const set = await here.call('PUT', '/v1/counters/created', { value: 9 }, { headers: { 'if-none-match': '*' } });
    expect([set.status, set.headers.get('etag')]).toEqual([201, '"3"']);
  });
});

describe('an entry', () => {
  it('lives no longer than its counter', async () => {
    for (const [name, filled] of [
      ['entry:written', false],
      ['entry:filled', true],
    ] as const) {
      await increment(name);
      await eventually(async () => (await here.read(name)).headers.get('cache-status') === 'evercount; hit');
      const { body } = await increment(name, { ttlMs: 5_000 });
      if (filled) {
        await hand.del(`ec:${name}`);
        await here.read(name);
      }
      const ttlMs = await hand.pttl(`ec:${name}`);
      expect(ttlMs).toBeGreaterThan(1_000);
      expect(ttlMs).toBeLessThanOrEqual(Date.parse(body.expiresAt ?? '') - Date.now() + 20);
    }
  });

  itInside.each<[string, (name: string) => Promise<boolean>]>([
    ['by a read', async (name) => (await here.read(name)).status === 404],
    [
      'among others',
      async (name) => (await here.call('POST', '/v1/reads', { names: [name] })).text === '{"data":[null]}',
    ],
  ])('that came late, and outlives its counter, is not told %s', async (how, isAbsent) => {
    const name = `late ${how}`;
    await increment(name);
    await eventually(async () => (await here.read(name)).headers.get('cache-status') === 'evercount; hit');
    const { body } = await increment(name, { ttlMs: 1_000 });
    await hand.persist(`ec:${name}`);
    expect((await here.read(name)).headers.get('cache-status')).toBe('evercount; hit');
    await eventually(() => Date.now() > Date.parse(body.expiresAt ?? '') + 50);
    expect(await hand.get(`ec:${name}`)).toContain('"value":2');
    expect(await isAbsent(name)).toBe(true);
  });

  it('of a counter that ended is there no more when it should be asked for', async () => {
    await increment('brief');
    await eventually(async () => (await here.read('brief')).headers.get('cache-status') === 'evercount; hit');
    await increment('brief', { ttlMs: 300 });
    const states: [number, number][] = [];
    await eventually(async () => {
      const askedAtMs = Date.now();
      const { status } = await here.read('brief');
      states.push([askedAtMs, status]);
      return status === 404;
    });
    const { rows } = await database.query<{ at: Date }>(
      `SELECT max(expires_ats[array_position(names, 'brief')]) AS at FROM batches WHERE 'brief' = ANY (names)`,
    );
    const endedAtMs = rows[0]?.at.getTime() ?? 0;
    const late = states.filter(([askedAtMs, status]) => askedAtMs > endedAtMs + 20 && status === 200);
    expect(late).toEqual([]);
  });
});

it('a version has one meaning, and what was told as ended stays so, while counters end and are renewed under load', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `race:${index}`);
  const callers = service.apps.map(({ url }) => new CounterCalls(url));
  const untilMs = performance.now() + 6_000;
  const watch = new EndingsWatch();
  const work = async (name: string, worker: number): Promise<void> => {
    while (performance.now() < untilMs) {
      const calls = callers[worker % callers.length] ?? here;
      const floor = watch.floorOf(name);
      const ttlMs = 1 + Math.floor(Math.random() * 40);
      const expiry = worker % 2 === 0 ? 'always' : 'ifNone';
      const { status, body } =
        worker % 3 === 0
          ? await calls.call<CounterBody>('POST', `/v1/counters/${name}/increment`, { ttlMs, expiry })
          : await calls.read(name, worker % 3 === 1 ? '' : '?consistency=strong');
      if (status === 404) watch.sawNone(name, floor);
      else watch.sawCounter(body, floor);
    }
  };
  await Promise.all(names.flatMap((name) => Array.from({ length: 6 }, (_, worker) => work(name, worker))));
  expect(watch.faults).toEqual([]);
  expect(watch.ends).toBeGreaterThan(100);
});
