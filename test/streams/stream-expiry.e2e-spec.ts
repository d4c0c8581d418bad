/** The end of a counter is a change like a deletion: told by streams and by the history, within a second of its time. */
import pg from 'pg';
import type { CounterBody } from '../support/counter-calls.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const service = withService({
  two: true,
  ending: async () => {
    for (const source of sources) source.close();
    await database.end();
  },
});
let database: pg.Client;
const sources: EventSource[] = [];

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
});

// First, since what ends is counted among the updates, and told late.
it('a window that is counted in is updated in place: the index of expiries costs increments nothing', async () => {
  const window = { ttlMs: 600_000, expiry: 'ifNone' };
  const increments = Array.from({ length: 500 }, (_, index) => ({ name: `window:${index % 100}`, ...window }));
  await service.calls.batch({ increments });
  const updates = async (): Promise<{ all: number; hot: number }> => {
    const { rows } = await database.query<{ all: number; hot: number }>(
      `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'counters'`,
    );
    return rows[0] ?? { all: 0, hot: 0 };
  };
  const before = await updates();
  for (let round = 0; round < 20; round += 1) await service.calls.batch({ increments });
  await eventually(async () => (await updates()).all >= before.all + 2_000);
  const after = await updates();
  // A page that is full now and then is not.
  expect((after.hot - before.hot) / (after.all - before.all)).toBeGreaterThan(0.9);
});

it('streams of every instance tell within a second that counters ended, whom nobody asked for', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `ends:${index}`);
  for (const { url } of service.apps)
    sources.push(await (await EventSource.open(url, 'prefix=ends%3A')).untilSnapshot());
  const increments = names.map((name, index) => ({ name, ttlMs: 1_500 + 10 * index }));
  const { body } = await service.calls.batch<{ results: { counter: CounterBody }[] }>({ increments });
  const isEnded = (source: EventSource, name: string): boolean => source.statesOf(name).at(-1)?.deleted === true;
  await eventually(() => sources.every((source) => names.every((name) => isEnded(source, name))));
  // By one clock: the calendar of this machine is that of its Postgres.
  const epochMs = Date.now() - performance.now();
  const lateMs = sources.flatMap((source) =>
    source.of('change').flatMap(({ data, atMs }) => {
      const { name, deleted, version } = data as { name: string; deleted?: true; version: number };
      const ended = body.results.find(({ counter }) => counter.name === name)?.counter;
      if (deleted === undefined || ended === undefined) return [];
      expect(version).toBe(ended.version + 1);
      return [epochMs + atMs - Date.parse(ended.expiresAt ?? '')];
    }),
  );
  expect(lateMs).toHaveLength(2 * names.length);
  expect(Math.min(...lateMs)).toBeGreaterThan(-50);
  // On a machine that is far too busy a few may be later.
  expect(lateMs.sort((a, b) => a - b)[Math.floor(lateMs.length * 0.9)]).toBeLessThan(1_000);
});

it('many end in chunks, and stand in the rows of batches like deletions', async () => {
  const increments = (from: number): { name: string; ttlMs: number }[] =>
    Array.from({ length: 1_000 }, (_, index) => ({ name: `many:${from + index}`, ttlMs: 1_000 }));
  for (const from of [0, 1_000]) await service.calls.batch({ increments: increments(from) });
  const count = async (): Promise<number> => {
    const { rows } = await database.query<{ count: number }>(
      `SELECT count(DISTINCT name)::int AS count FROM batches, unnest(names, "values", versions) AS b (name, value, version)
       WHERE value IS NULL AND version = 2 AND name LIKE 'many:%'`,
    );
    return rows[0]?.count ?? 0;
  };
  await eventually(async () => (await count()) === 2_000);
});

it('the history ends with its counter, and that of the next one of the name begins anew', async () => {
  const history = async (): Promise<{ status: number; deltas: number[] }> => {
    const reply = await service.calls.call<{ data?: { delta: number }[] }>('GET', '/v1/counters/told/history');
    return { status: reply.status, deltas: (reply.body.data ?? []).map(({ delta }) => delta).filter((d) => d !== 0) };
  };
  await service.calls.call('POST', '/v1/counters/told/increment', { by: 5, ttlMs: 700 });
  expect(await history()).toEqual({ status: 200, deltas: [5] });
  await eventually(async () => (await history()).status === 404);
  await eventually(async () => (await service.calls.read('told')).status === 404);
  await service.calls.increment('told', 3);
  expect(await history()).toEqual({ status: 200, deltas: [3] });
});
