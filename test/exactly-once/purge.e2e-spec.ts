/** What deleted counters leave behind can be purged, and no version of a name comes again. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Reconciler } from '../../src/counters/upkeep/reconciler.js';
import { IncrementBatches } from '../../src/store/increment-batches.js';
import { PURGE_ALL, type PurgePlace, type PurgeStep, Tombstones } from '../../src/store/tombstones.js';
import { Replication } from '../../src/store/replication.js';
import { Writability } from '../../src/store/writability.js';
import { testBuckets } from '../support/buckets.js';
import { runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const service = withService({ inside: true, ending: () => database.end() });
let database: pg.Client;

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
});

const cli = (...args: string[]) => runCli(args, { env: service.variables });
const purge = (...more: string[]) => cli('purge', '--deleted-before', '2100-01-01', ...more);

/** As if it had been long ago. */
const age = async (): Promise<void> => {
  await database.query(`UPDATE counters SET updated_at = updated_at - interval '2 hours' WHERE deleted`);
};

const rowsOf = async (name: string): Promise<number> => {
  const { rows } = await database.query<{ rows: number }>(
    `SELECT (SELECT count(*) FROM counters WHERE name = $1)::int + (SELECT count(*) FROM history_minutes WHERE name = $1)::int
       + (SELECT count(*) FROM history_days WHERE name = $1)::int AS rows`,
    [name],
  );
  return rows[0]?.rows ?? 0;
};

/** Brings a name to a version, deletes it, and makes it purgeable. */
const bury = async (name: string, changes: number): Promise<number> => {
  for (let n = 0; n < changes; n += 1) await service.calls.increment(name);
  const { version } = (await service.calls.read(name)).body;
  expect((await service.calls.delete(name)).status).toBe(204);
  await database.query(
    `INSERT INTO history_days (bucket, name, at, value, version, created_at) VALUES ($2, $1, now(), 1, 1, now())
     ON CONFLICT DO NOTHING`,
    [name, testBuckets.of(name)],
  );
  await age();
  return version + 1;
};

it('a purge is asked for, and leaves alone what is there or was deleted just now', async () => {
  await service.calls.increment('there');
  await bury('old', 3);
  await service.calls.increment('fresh');
  await service.calls.delete('fresh');
  expect((await purge()).code).toBe(64);
  expect(await purge('--dry-run', '--json')).toMatchObject({ code: 0, out: expect.stringContaining('"found": 1') });
  expect((await cli('purge', '--deleted-before', '2020-01-01', '--yes')).out).toContain('0 deleted');
  expect(await rowsOf('old')).toBeGreaterThan(0);
  expect(await purge('--yes')).toMatchObject({ code: 0, out: expect.stringContaining('purged 1 ') });
  expect([await rowsOf('old'), (await service.calls.read('there')).status]).toEqual([0, 200]);
  const { rows } = await database.query(`SELECT deleted FROM counters WHERE name = 'fresh'`);
  expect(rows).toEqual([{ deleted: true }]);
});

describe('after a purge no version comes again', () => {
  it.each([
    ['an increment', (name: string) => service.calls.increment(name)],
    ['a set', (name: string) => service.calls.set(name, { value: 5 })],
    [
      'an atomic batch',
      async (name: string) => {
        await service.calls.batch({ increments: [{ name }, { name }], atomic: true });
        return service.calls.read(name);
      },
    ],
  ])('of a name that begins anew by %s', async (kind, create) => {
    const name = `again by ${kind}`;
    const last = await bury(name, 4);
    // Its absence is in the cache, and is as good after the purge.
    expect((await service.calls.read(name)).status).toBe(404);
    expect((await purge('--yes')).code).toBe(0);
    expect((await service.calls.read(name)).status).toBe(404);
    await create(name);
    const cached = await service.calls.read(name);
    expect(cached.body.version).toBeGreaterThan(last);
    expect((await service.calls.read(name, '?consistency=strong')).body).toEqual(cached.body);
    const next = await service.calls.increment(name);
    expect(next.body.version).toBe(cached.body.version + 1);
  });

  it('nor of one that never was: every name without a row is absent at the floor', async () => {
    const { rows } = await database.query<{ floor: string }>('SELECT floor FROM version_floor');
    expect((await service.calls.increment('never before')).body.version).toBe(Number(rows[0]?.floor) + 1);
  });

  it('and absences that were cached before are no drift', async () => {
    for (const name of ['a', 'b', 'c']) expect((await service.calls.read(`nobody ${name}`)).status).toBe(404);
    await bury('deep', 9);
    await service.calls.read('deep');
    await purge('--yes');
    const reconciler = service.app.nest.get(Reconciler, { strict: false });
    let drift: unknown;
    await eventually(async () => {
      const report = await reconciler.runOnce();
      drift = report.drift;
      return report.complete && report.compared > 0;
    });
    expect(drift).toEqual([]);
    expect(await cli('verify', '--json')).toMatchObject({ code: 0 });
  });
});

describe('a purge beside writers', () => {
  const total = (name: string) => ({ name, creator: null, sum: 1, count: 1, highest: 1, lowest: 0, expiry: undefined });

  it('waits for whoever may still create by the floor of before', async () => {
    const last = await bury('late', 6);
    const bucket = testBuckets.of('late');
    // Of the same bucket, as all of a batch are, and locked before it.
    const held = Array.from({ length: 1_024 }, (_, n) => `held ${n}`).find((name) => testBuckets.of(name) === bucket);
    if (held === undefined) throw new Error('no name is in the bucket');
    await service.calls.increment(held);
    const pool = new pg.Pool({ connectionString: service.databaseUrl });
    const tombstones = new Tombstones(pool, testBuckets);
    // Holds up a statement that has its snapshot, and is about to create.
    const holder = await pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM counters WHERE name = $1 FOR UPDATE', [held]);
    const batch = { totals: [total(held), total('late')], barred: new Set<string>(), keys: [], keyTtlHours: 1 };
    const writing = new IncrementBatches(pool, new Replication(pool), new Writability(pool)).apply(
      { id: crypto.randomUUID(), bucket, ...batch },
      false,
    );
    await eventually(async () => {
      const { rowCount } = await database.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO counters%'
           AND datname = current_database()`,
      );
      return rowCount === 1;
    });
    let raised = false;
    const purging = (async () => {
      const { highest } = await tombstones.find(Date.now());
      await tombstones.raiseFloor(highest + 100);
      raised = true;
      await tombstones.removeChunk(Date.now(), { bucket, name: '' });
    })();
    await eventually(async () => {
      const { rowCount } = await database.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE version_floor%'
           AND datname = current_database()`,
      );
      return rowCount === 1;
    });
    expect(raised).toBe(false);
    await holder.query('COMMIT');
    holder.release();
    const { applied } = await writing;
    await purging;
    await pool.end();
    expect(applied.get('late')?.version).toBe(last + 1);
  });

  it('never brings a version back, whatever is created, deleted and purged meanwhile', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `turn ${index}`);
    const seen = new Set<string>();
    const twice: string[] = [];
    const pool = new pg.Pool({ connectionString: service.databaseUrl });
    const tombstones = new Tombstones(pool, testBuckets);
    let [purged, steps] = [0, 0];
    const isOver = (): boolean => purged >= 20 && steps >= 200;
    const purging = (async () => {
      while (!isOver()) {
        await age();
        const { highest } = await tombstones.find(Date.now());
        await tombstones.raiseFloor(highest);
        for (let place: PurgePlace | null = PURGE_ALL; place !== null;) {
          const { count, next }: PurgeStep = await tombstones.removeChunk(Date.now(), place);
          purged += count;
          place = next;
        }
      }
    })();
    const writers = [0, 1, 2, 3].map(async (writer) => {
      while (!isOver()) {
        // Two of them meet at each name; it lies deleted until its turn comes again.
        const name = names[(steps + (writer % 2) * 12) % names.length] ?? '';
        steps += 1;
        const { status, body } = await service.calls.increment(name);
        const told = `${name} ${body.version}`;
        if (status === 200 && seen.has(told)) twice.push(told);
        if (status === 200) seen.add(told);
        if (steps % 2 === 0) await service.calls.delete(name);
      }
    });
    await Promise.all([purging, ...writers]);
    await pool.end();
    expect(twice).toEqual([]);
  });
});
