/** Changes over time are exact: their deltas add up to the value, whatever was done to the counter. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { eventually } from '../support/eventually.js';
import { type Point, pointsOf, sumOf } from '../support/history.js';
import { withService } from '../support/service.js';

const MINUTE_MS = 60_000;
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

/** The job runs as well, now and then. */
const derive = () =>
  eventually(async () => (await service.app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);

const history = (name: string, query = 'interval=minute') => pointsOf(service.calls, name, query);

/** Moves what a counter went through into the past: its batches are not in the history yet. */
const earlier = async (name: string, minutes: number) => {
  await database.query(
    `UPDATE batches SET updated_ats = ARRAY(SELECT at - make_interval(mins => $2) FROM unnest(updated_ats) AS at),
                        created_ats = ARRAY(SELECT at - make_interval(mins => $2) FROM unnest(created_ats) AS at)
     WHERE names = ARRAY[$1::text]`,
    [name, minutes],
  );
  await database.query(
    `UPDATE counters SET created_at = created_at - make_interval(mins => $2),
                         updated_at = updated_at - make_interval(mins => $2) WHERE name = $1`,
    [name, minutes],
  );
};

/** Holds the history where it is while something is prepared. */
const undisturbed = async (work: () => Promise<void>) => {
  const holder = new pg.Client({ connectionString: service.databaseUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM history_progress FOR UPDATE');
  await work();
  await holder.query('ROLLBACK');
  await holder.end();
};

describe('the deltas add up to the value', () => {
  it('after increments, decrements, sets and resets by many at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `mixed/${index}`);
    await Promise.all(names.map((name) => service.calls.increment(name)));
    const client = async (seed: number) => {
      for (let turn = 0; turn < 40; turn += 1) {
        const name = names[(seed * 7 + turn) % names.length] ?? '';
        const kind = (seed + turn * 3) % 10;
        if (kind === 0) await service.calls.set(name, { value: seed * turn });
        else if (kind === 1) await service.calls.reset(name, -turn);
        else if (kind < 4) await service.calls.decrement(name, turn + 1);
        else await service.calls.increment(name, seed + 1);
        if (turn % 13 === 0) await derive();
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, seed) => client(seed)));
    await derive();
    for (const name of names) {
      const { value } = (await service.calls.read(name)).body;
      const points = await history(name);
      expect([name, sumOf(points), points.at(-1)?.value]).toEqual([name, value, value]);
    }
  });

  it('before anything was derived, too', async () => {
    await undisturbed(async () => {
      await service.calls.increment('fresh', 3);
      await service.calls.reset('fresh', -8);
      expect(sumOf(await history('fresh'))).toBe(-8);
    });
  });

  it('when all of it is derived again, in another order', async () => {
    for (const by of [5, -2, 40]) await service.calls.increment('again', by);
    await derive();
    const before = await history('again');
    await database.query(`UPDATE batch_cursors SET seen = '3:3:'`);
    await derive();
    expect(await history('again')).toEqual(before);
    expect(sumOf(before)).toBe(43);
  });

  it('at the ends of the range, exactly', async () => {
    const limit = Number.MAX_SAFE_INTEGER;
    await undisturbed(async () => {
      await service.calls.set('far', { value: limit });
      await earlier('far', 2);
      await service.calls.set('far', { value: -limit });
    });
    await derive();
    const { text } = await service.calls.call('GET', '/v1/counters/far/history?interval=minute');
    expect(text).toContain(`"delta":${limit},`);
    expect(text).toContain('"delta":-18014398509481982,');
  });
});

it('a batch whose commit comes late is not missed, though later ones were derived before it', async () => {
  await service.calls.increment('late', 1);
  await service.calls.increment('other', 1);
  const late = new pg.Client({ connectionString: service.databaseUrl });
  await late.connect();
  await late.query('BEGIN');
  await late.query(
    `INSERT INTO batches (bucket, id, names, "values", versions, mins, maxes, created_ats, updated_ats)
     SELECT bucket, gen_random_uuid(), '{late}', '{100}', '{7}', '{null}', '{null}', ARRAY[created_at],
            ARRAY[updated_at - interval '3 minutes'] FROM counters WHERE name = 'late'`,
  );
  for (let turn = 0; turn < 20; turn += 1) await service.calls.increment('other', 1);
  await derive();
  await derive();
  const minutes = `SELECT value FROM history_minutes WHERE name = 'late' AND value = 100`;
  expect((await database.query(minutes)).rowCount).toBe(0);
  await late.query('COMMIT');
  await late.end();
  await derive();
  expect((await database.query(minutes)).rowCount).toBe(1);
});

it('a backup that was restored into a younger cluster goes on', async () => {
  await service.calls.increment('restored', 1);
  await derive();
  // As the other cluster left them.
  await database.query(`UPDATE batch_cursors SET seen = '900000000:900000000:'`);
  await database.query(`UPDATE batches SET committed_in = '899999999' WHERE names = '{restored}'`);
  await service.calls.increment('restored', 1);
  await derive();
  const rows = await database.query<{ value: string }>(`SELECT value FROM history_minutes WHERE name = 'restored'`);
  expect(rows.rows.at(-1)?.value).toBe('2');
  expect((await service.app.nest.get(HistoryDeriver, { strict: false }).runOnce()).batches).toBe(0);
});

it('gaps are filled: nothing changed, the value stays', async () => {
  await undisturbed(async () => {
    await service.calls.increment('gaps', 10);
    await earlier('gaps', 5);
    await service.calls.decrement('gaps', 4);
  });
  await derive();
  const points = await history('gaps');
  const deltas = points.map(({ delta }) => delta);
  expect(deltas[0]).toBe(10);
  expect(deltas.slice(1, 5)).toEqual([0, 0, 0, 0]);
  expect(sumOf(points)).toBe(6);
  expect(points.slice(0, 5).map(({ value }) => value)).toEqual([10, 10, 10, 10, 10]);
  points.forEach(({ at }, index) => {
    expect(Date.parse(at)).toBe(Date.parse(points[0]?.at ?? '') + index * MINUTE_MS);
  });
});

it('a part of it begins with what was before', async () => {
  const points = await history('gaps');
  const from = points[2]?.at ?? '';
  const to = points[4]?.at ?? '';
  expect(await history('gaps', `interval=minute&from=${from}&to=${to}`)).toEqual(points.slice(2, 4));
  const before = new Date(Date.parse(points[0]?.at ?? '') - MINUTE_MS).toISOString();
  expect(await history('gaps', `interval=minute&from=${before}&to=${points[0]?.at ?? ''}`)).toEqual([]);
});

it('a deleted counter has no history, and a new one of its name begins anew', async () => {
  await undisturbed(async () => {
    await service.calls.increment('phoenix', 50);
    await earlier('phoenix', 3);
    await service.calls.increment('phoenix', 50);
    await service.calls.delete('phoenix');
  });
  expect((await service.calls.call('GET', '/v1/counters/phoenix/history')).status).toBe(404);
  await derive();
  expect((await database.query(`SELECT 1 FROM history_minutes WHERE name = 'phoenix'`)).rowCount).toBe(0);
  await service.calls.increment('phoenix', 2);
  for (const look of [() => Promise.resolve(), derive]) {
    await look();
    const points: Point[] = await history('phoenix');
    expect([points[0]?.delta, sumOf(points)]).toEqual([2, 2]);
  }
});

describe('a request', () => {
  it.each([
    ['interval=year', 'interval'],
    ['tz=Mars/Base', 'tz'],
    ['tz=%2B05:30', 'tz'],
    ['tz=', 'tz'],
    ['over=1h30m', 'over'],
    ['over=tomorrow', 'over'],
    ['over=24h&from=2026-01-01', 'over'],
    ['over=2000d&interval=hour', 'over'],
    ['interval=', 'interval'],
    ['from=yesterday', 'from'],
    ['from=2026-13-01', '"from" must be a date'],
    ['from=', '"from" must be a date'],
    ['to=1234567890', 'to'],
    ['from=2026-01-02&to=2026-01-01', 'from'],
    ['from=2999-01-01', 'from'],
    ['from=2026-01-01&to=2026-01-03&interval=minute', 'from'],
    ['from=0001-01-01&interval=day', 'from'],
    ['limit=5', 'not known'],
    ['interval=day&interval=hour', 'twice'],
    ['from=%ff', 'UTF-8'],
  ])('with ?%s is refused, and told why', async (query, word) => {
    await service.calls.increment('asked', 1);
    const { status, headers, body } = await service.calls.call<{ code: string; detail: string }>(
      'GET',
      `/v1/counters/asked/history?${query}`,
    );
    expect([status, headers.get('content-type'), body.code]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
      'invalid_request',
    ]);
    expect(body.detail).toContain(word);
  });

  it('takes offsets and dates, and any name', async () => {
    const name = 'a/%? #é';
    await service.calls.increment(name, 1);
    for (const from of ['2026-01-01', '2026-01-01T00:00:00Z', '2026-01-01T02:00:00.5%2B02:00']) {
      expect(sumOf(await history(name, `interval=day&from=${from}`))).toBe(1);
    }
  });

  it('for a counter that is not there is 404, with a broken name 400', async () => {
    expect((await service.calls.call('GET', '/v1/counters/nobody/history')).status).toBe(404);
    expect((await service.calls.call('GET', '/v1/counters/%00/history')).status).toBe(400);
  });
});
