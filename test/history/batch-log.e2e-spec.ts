/** The log of batches is kept for whoever reads it, but not for ever: the disk is not filled. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { CleanUp } from '../../src/counters/upkeep/clean-up.js';
import { BatchLog, TAKEN } from '../../src/store/batch-log.js';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { itInside } from '../support/on-bun.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

const DAYS_MS = 86_400_000;

const service = withService({ inside: true });
const clients: pg.Client[] = [];

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  clients.push(client);
  return client;
}

let database: pg.Client;

beforeAll(async () => {
  database = await connected();
});
afterAll(() => Promise.all(clients.map((client) => client.end())));

const get = <T>(type: new (...args: never[]) => T): T => service.app.nest.get(type, { strict: false });

/** The job may be at it, too. */
const derive = () => eventually(async () => (await get(HistoryDeriver).runOnce()).complete);

const unread = async () => {
  const { rows } = await database.query<{ count: string }>(
    'SELECT count(*) FROM batches, batch_cursors WHERE NOT pg_visible_in_snapshot(committed_in, seen)',
  );
  return Number(rows[0]?.count);
};

/** Batches that were committed just now, as if that had been long ago. */
const addOld = (age: string, count = 1_500) =>
  database.query(
    `INSERT INTO batches (id, committed_at, names)
     SELECT gen_random_uuid(), clock_timestamp() - $1::interval - n * interval '1 ms', '{old}'
     FROM generate_series(1, $2::int) n`,
    [age, count],
  );

const hasGap = async () => (await database.query('SELECT FROM batch_cursors WHERE has_gap')).rowCount === 1;

/** No reader comes meanwhile, in this process or by the job. */
async function withoutReaders(work: () => Promise<void>): Promise<void> {
  const holder = await connected();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM history_progress FOR UPDATE');
  await work().finally(() => holder.query('ROLLBACK'));
}

itInside('a reader that is behind is told of, and keeps what it did not read', async () => {
  await derive();
  await withoutReaders(async () => {
    await addOld('2 days');
    expect(await get(CleanUp).runOnce()).toMatchObject({ batches: 0 });
    expect(await unread()).toBe(1_500);
    const lag = (await scrape(service.app.url)).get('evercount_batch_log_lag_seconds', { cursor: 'history' });
    expect(lag).toBeGreaterThan(2 * 86_400);
  });
  await derive();
  expect(await unread()).toBe(0);
  await get(CleanUp).runOnce();
  const lag = (await scrape(service.app.url)).get('evercount_batch_log_lag_seconds', { cursor: 'history' });
  expect(lag).toBeLessThan(60);
});

it.each([
  ['rows', [2, 1_000]],
  ['counters', [1_000, 1]],
])('what one transaction wrote is taken together, however few %s are asked for', async (_, asked) => {
  await withoutReaders(async () => {
    const { rows: now } = await database.query<{ seen: string }>('SELECT pg_current_snapshot()::text AS seen');
    await database.query(
      `INSERT INTO batches (id, names) SELECT gen_random_uuid(), ARRAY['part ' || n] FROM generate_series(1, 3) AS n`,
    );
    const taken = await database.query(`WITH ${TAKEN} SELECT FROM taken`, [now[0]?.seen, ...asked]);
    expect(taken.rowCount).toBe(3);
  });
});

it('one that does not come for three days is left behind, and told so; what is counted stays right', async () => {
  await service.calls.increment('lost', 3);
  await derive();
  await withoutReaders(async () => {
    await service.calls.increment('lost', 4);
    await addOld('4 days');
    expect(await get(CleanUp).runOnce()).toMatchObject({ complete: true });
    expect(await hasGap()).toBe(true);
    const { rows } = await database.query<{ count: string }>(`SELECT count(*) FROM batches WHERE names = '{old}'`);
    // Of all batches the latest thousand stay.
    expect(Number(rows[0]?.count)).toBeLessThanOrEqual(1_000);
  });
  await derive();
  expect(await hasGap()).toBe(false);
  expect(service.app.log.join()).toContain('readers of the batch log were left behind');
  await eventually(() =>
    Promise.resolve(service.app.log.join().includes('batches went before they were in the history')),
  );
  expect(sumOf(await pointsOf(service.calls, 'lost', 'interval=minute'))).toBe(7);
  await service.calls.increment('lost', 5);
  await derive();
  expect(sumOf(await pointsOf(service.calls, 'lost', 'interval=minute'))).toBe(12);
});

it('a log that grows too large is let go of sooner, but from nobody who keeps up', async () => {
  await derive();
  const log = get(BatchLog);
  await withoutReaders(async () => {
    for (let batch = 0; batch < 20; batch += 1) await service.calls.increment('many');
    await database.query('ANALYZE batches');
    expect(await log.letGo({ ageMs: DAYS_MS, batches: 1_000_000 })).toEqual([]);
    expect(await log.letGo({ ageMs: DAYS_MS, batches: 10 })).toEqual(['history']);
    // It stands at the present now, however many rows are left.
    expect(await log.letGo({ ageMs: DAYS_MS, batches: 10 })).toEqual([]);
  });
  await derive();
});
