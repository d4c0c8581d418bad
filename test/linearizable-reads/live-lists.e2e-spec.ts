/** A list costs what it answers, however many counters were deleted. */
import pg from 'pg';
import { migrate } from '../../src/store/migrate.js';
import { testBuckets } from '../support/buckets.js';
import { insertCounters, namesOf } from '../support/counter-rows.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const TOMBSTONES = 300_000;
const LIVE = 50;
const LISTED = `indexrelname <> 'counters_expires_at'`;
let database: pg.Client;

const service = withService({
  ending: async () => {
    await database.end();
  },
});

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
});

describe('behind the names of deleted counters', () => {
  beforeAll(async () => {
    const client = new pg.Client(service.databaseUrl);
    await client.connect();
    const names = [...namesOf(TOMBSTONES, (n) => `a:${n}`), ...namesOf(LIVE, (n) => `b:${n}`)];
    await insertCounters(client, testBuckets, names);
    await client.query(`UPDATE counters SET deleted = true, value = 0, version = 2 WHERE name < 'b'`);
    // What autovacuum does within a minute, and tests do not wait for.
    await client.query('VACUUM ANALYZE counters');
    // With it ends what its own statistics could still bring.
    await client.end();
    await eventually(async () => (await looks()).updates >= TOMBSTONES);
  });

  /** What was looked at in counters and their indexes so far; sessions tell it a moment later. */
  const looks = async (): Promise<{ scans: number; pages: number; updates: number }> => {
    const { rows } = await database.query<{ scans: number; pages: number; updates: number }>(
      // The index of expiries is looked at all the time, by whoever ends counters.
      `SELECT (seq_scan + (SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE relid = t.relid AND ${LISTED}))::int AS scans,
              n_tup_upd::int AS updates,
              (heap_blks_read + heap_blks_hit + (
                SELECT sum(idx_blks_read + idx_blks_hit) FROM pg_statio_user_indexes WHERE relid = t.relid AND ${LISTED}
              ))::int AS pages
       FROM pg_stat_user_tables t JOIN pg_statio_user_tables USING (relid) WHERE relid = 'counters'::regclass`,
    );
    return rows[0] ?? { scans: 0, pages: 0, updates: 0 };
  };

  // Sums and rankings are kept for a second: each call asks what nobody asked before.
  it.each([
    ['the first page', '/v1/counters?limit=1', 20],
    ['a page of a prefix', '/v1/counters?prefix=b:&limit=10', 40],
    ['a page of a prefix that only deleted ones have', '/v1/counters?prefix=a:&limit=1', 20],
    ['a sum', '/v1/summary?prefix=b', 3 * LIVE],
    ['a ranking by value', '/v1/top?by=value&limit=7', 3 * LIVE],
  ])('%s takes a few pages', async (_, target, most) => {
    const before = await looks();
    expect((await service.calls.call('GET', target)).status).toBe(200);
    await eventually(async () => (await looks()).scans > before.scans);
    expect((await looks()).pages - before.pages).toBeLessThanOrEqual(most);
  });
});

it('increments stay HOT: no index is touched by them', async () => {
  await service.calls.increment('hot');
  await database.query(`SELECT pg_stat_reset_single_table_counters('counters'::regclass)`);
  for (let n = 0; n < 100; n += 1) await service.calls.increment('hot');
  await eventually(async () => {
    const { rows } = await database.query<{ updates: number; hot: number }>(
      `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot
       FROM pg_stat_user_tables WHERE relid = 'counters'::regclass`,
    );
    const { updates, hot } = rows[0] ?? { updates: 0, hot: 0 };
    // All that changed are in: then nearly all are HOT, for now and then the page is full.
    return updates >= 100 && hot >= 0.9 * updates;
  });
});

describe('the index of a table that is written to', () => {
  const withoutIndex = async (): Promise<void> => {
    await database.query('DROP INDEX IF EXISTS counters_live');
    await database.query(`DELETE FROM migrations WHERE name = 'LiveCounters1765000001000'`);
  };
  const isValid = async (): Promise<boolean> => {
    const { rows } = await database.query<{ valid: boolean }>(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('counters_live')`,
    );
    return rows[0]?.valid ?? false;
  };

  it('is built beside writers, by one of many instances that start at once', async () => {
    await withoutIndex();
    const writer = new pg.Client(service.databaseUrl);
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query(`UPDATE counters SET value = value + 1, version = version + 1 WHERE name = 'hot'`);
    const starts = Promise.all(Array.from({ length: 4 }, () => migrate(service.databaseUrl)));
    // It waits for the writer that began before it, and nobody waits for it.
    await eventually(async () => {
      const { rowCount } = await database.query(`SELECT FROM pg_class WHERE relname = 'counters_live'`);
      return rowCount === 1;
    });
    const { status } = await service.calls.increment('meanwhile');
    const early = await isValid();
    await writer.query('COMMIT');
    await writer.end();
    await starts;
    expect({ status, early }).toEqual({ status: 200, early: false });
    expect(await isValid()).toBe(true);
  });

  it('is built anew where a build was cut off', async () => {
    await withoutIndex();
    const [writer, builder] = [new pg.Client(service.databaseUrl), new pg.Client(service.databaseUrl)];
    await Promise.all([writer.connect(), builder.connect()]);
    await writer.query('BEGIN');
    await writer.query(`UPDATE counters SET value = value + 1, version = version + 1 WHERE name = 'hot'`);
    await builder.query(`SET lock_timeout = '50ms'`);
    await expect(
      builder.query('CREATE INDEX CONCURRENTLY counters_live ON counters (name) WHERE NOT deleted'),
    ).rejects.toThrow(/lock timeout/);
    await writer.query('COMMIT');
    await Promise.all([writer.end(), builder.end()]);
    expect(await isValid()).toBe(false);
    await migrate(service.databaseUrl);
    expect(await isValid()).toBe(true);
  });
});
