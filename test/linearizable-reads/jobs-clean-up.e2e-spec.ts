/** Rows that nobody asks for any more are removed, in chunks, without waiting for anybody. */
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { CleanUp } from '../../src/counters/upkeep/clean-up.js';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

let database: pg.Client;

const service = withService({
  inside: true,
  ending: async () => {
    await database.end();
  },
});

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});

const numbers = async (text: string) => Number((await database.query<{ count: string }>(text)).rows[0]?.count);

/** What is not yet in the history stays. The job may be at it, too. */
const derive = () =>
  eventually(async () => (await service.app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);

const addKeys = (first: number, last: number, expiry: string) =>
  database.query(
    `INSERT INTO idempotency_keys (owner, key, fingerprint, version, expires_at)
     SELECT '', n::text, gen_random_uuid(), 1, clock_timestamp() + $3::interval FROM generate_series($1::int, $2) AS n`,
    [first, last, expiry],
  );

it('expired keys go in chunks, past those that another transaction holds; the others stay', async () => {
  await addKeys(1, 12_000, '-1 second');
  await addKeys(12_001, 12_100, '1 hour');
  await database.query('BEGIN');
  await database.query(`SELECT 1 FROM idempotency_keys WHERE key IN ('1', '7000', '12000') FOR UPDATE`);
  const cleanUp = service.app.nest.get(CleanUp, { strict: false });
  expect(await cleanUp.runOnce()).toMatchObject({ keys: 11_997, complete: true });
  await database.query('ROLLBACK');
  expect(await cleanUp.runOnce()).toMatchObject({ keys: 3, complete: true });
  expect(await numbers('SELECT count(*) FROM idempotency_keys')).toBe(100);
});

it('claims of keys go with their time, past those that somebody holds', async () => {
  await database.query(
    `INSERT INTO key_claims (bucket, owner, key, fingerprint, expires_at)
     SELECT 0, '', n::text, gen_random_uuid(), clock_timestamp() + (CASE WHEN n > 6000 THEN 1 ELSE -1 END) * interval '1 minute'
     FROM generate_series(1, 6003) AS n`,
  );
  await database.query('BEGIN');
  await database.query(`SELECT 1 FROM key_claims WHERE key IN ('1', '6000') FOR UPDATE`);
  expect(await service.app.nest.get(CleanUp, { strict: false }).runOnce()).toMatchObject({ complete: true });
  await database.query('ROLLBACK');
  expect(await numbers('SELECT count(*) FROM key_claims')).toBe(5);
});

it('batches go once nobody can send them again', async () => {
  await database.query(
    `INSERT INTO batches (id, committed_at, names)
     SELECT gen_random_uuid(), clock_timestamp() - make_interval(mins => n % 20), '{a}' FROM generate_series(1, 12000) n`,
  );
  await derive();
  expect(await service.app.nest.get(CleanUp, { strict: false }).runOnce()).toMatchObject({
    batches: 6_000,
    complete: true,
  });
  expect(await numbers(`SELECT count(*) FROM batches WHERE committed_at < now() - interval '10 minutes'`)).toBe(0);
});

it('a batch that is not in the history yet stays, as long as somebody may come for it', async () => {
  await database.query('TRUNCATE batches');
  await database.query(
    `INSERT INTO batches (id, committed_at, names, committed_in)
     SELECT gen_random_uuid(), clock_timestamp() - make_interval(mins => 10 + n), '{a}',
            CASE WHEN n % 2 = 0 THEN pg_current_xact_id() END
     FROM generate_series(1, 3000) n`,
  );
  const progress = await database.query<{ seen: string }>('SELECT seen FROM batch_cursors');
  // Nobody comes past this lock: the history stays as it is.
  await database.query('BEGIN');
  await database.query('SELECT 1 FROM history_progress FOR UPDATE');
  const cleanUp = service.app.nest.get(CleanUp, { strict: false });
  expect(progress.rows).toHaveLength(1);
  expect(await cleanUp.runOnce()).toMatchObject({ batches: 1_000, complete: true });
  await database.query('ROLLBACK');
  await derive();
  expect(await cleanUp.runOnce()).toMatchObject({ batches: 1_000, complete: true });
});

it('the latest batches stay, however old they are: a cold cache is filled by them', async () => {
  await database.query('TRUNCATE batches');
  await database.query(
    `INSERT INTO batches (id, committed_at, names)
     SELECT gen_random_uuid(), clock_timestamp() - make_interval(hours => n), '{a}' FROM generate_series(1, 1200) n`,
  );
  await derive();
  const cleanUp = service.app.nest.get(CleanUp, { strict: false });
  expect(await cleanUp.runOnce()).toMatchObject({ batches: 200, complete: true });
  expect(await numbers(`SELECT count(*) FROM batches WHERE committed_at > now() - interval '1001 hours'`)).toBe(1_000);
  expect(await cleanUp.runOnce()).toMatchObject({ batches: 0, complete: true });
});

it('it stops when it is told to', async () => {
  await addKeys(20_001, 20_010, '-1 second');
  const report = await service.app.nest.get(CleanUp, { strict: false }).runOnce({ signal: AbortSignal.abort() });
  expect(report).toMatchObject({ keys: 0, complete: false });
});

it('finding nothing to remove takes no look at every row', async () => {
  await addKeys(100_001, 140_000, '1 hour');
  await database.query('DELETE FROM idempotency_keys WHERE expires_at <= now()');
  await database.query('VACUUM ANALYZE idempotency_keys');
  const scans = () =>
    numbers(`SELECT idx_scan AS count FROM pg_stat_user_indexes WHERE indexrelname = 'idempotency_keys_expires_at'`);
  const before = await scans();
  expect(await service.app.nest.get(CleanUp, { strict: false }).runOnce()).toMatchObject({ keys: 0, complete: true });
  // The statistics come a moment later.
  await eventually(async () => (await scans()) > before);
});
