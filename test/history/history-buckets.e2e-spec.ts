/** Whatever is kept of a counter stands in its bucket, is found there, and goes with it. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryRoller } from '../../src/counters/history/history-roller.js';
import { Expirer } from '../../src/counters/expiry/expirer.js';
import { Buckets } from '../../src/domain/bucket.js';
import { ExpiredCounters } from '../../src/store/expired-counters.js';
import { runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { pointsOf } from '../support/history.js';
import { withService } from '../support/service.js';

const BUCKETS = 4;
const MINUTE_MS = 60_000;

const service = withService({ inside: true, env: { BUCKETS: String(BUCKETS) }, ending: () => database.end() });
const buckets = new Buckets(BUCKETS);
let database: pg.Client;

const of = (kind: string): string[] => Array.from({ length: 12 }, (_, n) => `${kind}:${n}`);
const STAYING = of('stays');
const ENDING = of('ends');
const ALL = [...STAYING, ...ENDING];

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
  // Nobody writes down an end but the test.
  await get(Expirer).onApplicationShutdown();
  const increments = ALL.map((name) => ({ name, by: 5, ...(ENDING.includes(name) ? { ttlMs: 3_600_000 } : {}) }));
  expect((await service.calls.batch({ increments, atomic: true })).status).toBe(200);
  for (const name of STAYING) await service.calls.increment(name);
});

const get = <T>(kind: new (...args: never[]) => T): T => service.app.nest.get(kind, { strict: false });

async function derive(): Promise<void> {
  await eventually(async () => {
    await get(HistoryDeriver).runOnce();
    await get(HistoryRoller).runOnce();
    const { rows } = await database.query<{ left: number }>(
      `SELECT (SELECT count(*) FROM late_increments)::int + (SELECT count(*) FROM batches, batch_cursors c
         WHERE c.name = 'history' AND NOT pg_visible_in_snapshot(committed_in, seen))::int AS left`,
    );
    return rows[0]?.left === 0;
  }, 120_000);
}

const TABLES = ['counters', 'history_minutes', 'history_hours', 'history_days', 'late_increments'];

interface Place {
  readonly bucket: number;
  readonly name: string;
}

/** Where the rows of a table are, of the counters of some names. */
async function placesIn(table: string, names: readonly string[] = ALL): Promise<Place[]> {
  const all = table === 'batches' ? '(SELECT bucket, unnest(names) AS name FROM batches) AS row' : table;
  const { rows } = await database.query<Place>(`SELECT bucket, name FROM ${all} WHERE name = ANY($1)`, [names]);
  return rows;
}

/** Rows that stand in another bucket than their counter's. */
async function strays(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const table of [...TABLES, 'batches']) {
    for (const { bucket, name } of await placesIn(table)) {
      if (bucket !== buckets.of(name)) found.push({ table, bucket, name });
    }
  }
  return found;
}

it('a history is made in the bucket of its counter, late items of an edge too', async () => {
  const minuteMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
  const increments = STAYING.map((name) => ({ name, by: 2, at: new Date(minuteMs).toISOString() }));
  const delivery = { from: 0, to: increments.length, previous: null, nonce: randomUUID(), more: true, increments };
  const { status, text } = await service.calls.call('POST', `/v1/edges/${randomUUID()}/deliveries`, delivery);
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  expect(await strays()).toEqual([]);
  await derive();
  expect(await strays()).toEqual([]);
  expect(new Set((await placesIn('history_minutes')).map(({ bucket }) => bucket)).size).toBe(BUCKETS);
  for (const name of STAYING) {
    const from = new Date(minuteMs).toISOString();
    const points = await pointsOf(service.calls, name, `interval=minute&from=${from}`);
    const changes = points.filter(({ delta }) => delta !== 0).map(({ at, delta }) => [Date.parse(at), delta]);
    expect(changes[0]).toEqual([minuteMs, 2]);
    expect(changes.reduce((sum, [, delta = 0]) => sum + delta, 0)).toBe(8);
  }
  const { body } = await service.calls.call<{ data: { name: string; change: number }[] }>(
    'GET',
    '/v1/top?by=change&prefix=stays&limit=20',
  );
  expect(body.data.map(({ name, change }) => [name, change])).toEqual([...STAYING].sort().map((name) => [name, 8]));
});

it('counters of several buckets end at once, and their history with them', async () => {
  await database.query(`UPDATE counters SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = ANY($1)`, [
    ENDING,
  ]);
  // Half of them since somebody asks, the others since their time has come.
  await get(ExpiredCounters).end(ENDING.slice(0, 6));
  expect(await get(ExpiredCounters).endDue(100)).toBe(6);
  const { body } = await service.calls.call('POST', '/v1/reads', { names: ENDING });
  expect(body).toEqual({ data: ENDING.map(() => null) });
  await derive();
  expect(await strays()).toEqual([]);
  for (const table of TABLES.slice(1)) expect(await placesIn(table, ENDING)).toEqual([]);
  expect((await placesIn('history_days', STAYING)).length).toBeGreaterThanOrEqual(STAYING.length);
});

it('a purge removes what is deleted from every bucket', async () => {
  await database.query(`UPDATE counters SET updated_at = updated_at - interval '2 hours' WHERE deleted`);
  const purge = await runCli(['purge', '--deleted-before', '2100-01-01', '--yes'], { env: service.variables });
  expect(purge).toMatchObject({ code: 0, out: expect.stringContaining(`purged ${ENDING.length} `) });
  expect((await placesIn('counters')).map(({ name }) => name).sort()).toEqual([...STAYING].sort());
  expect(await runCli(['verify', '--json'], { env: service.variables })).toMatchObject({ code: 0 });
});
