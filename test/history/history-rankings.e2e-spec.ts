/** Sums are exact, and rankings tell who is first and who gained most. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

interface Summary {
  readonly prefix: string;
  readonly count: number;
  readonly sum: number;
  readonly asOf: string;
}
interface Top {
  readonly data: readonly { readonly name: string; readonly value: number; readonly change: number }[];
}
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
  for (const [name, value] of Object.entries({ 'a/old': 500, 'a/new': 7, 'a/falls': 40, b: 1_000 })) {
    await service.calls.set(name, { value });
  }
  await eventually(async () => (await service.app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);
  // Two days ago there were 490 and 100 of them.
  await database.query(`UPDATE counters SET created_at = now() - interval '3 days' WHERE name IN ('a/old', 'a/falls')`);
  await database.query(
    `INSERT INTO history_hours (bucket, name, at, value, version, created_at)
     SELECT c.bucket, c.name, date_trunc('hour', now() - past.ago), past.value, past.version, c.created_at
     FROM counters c JOIN (VALUES ('a/old', interval '2 days', 490, 1), ('a/falls', '2 days', 100, 1),
       ('a/old', '0', 500, 2), ('a/falls', '0', 40, 2), ('a/new', '0', 7, 2), ('b', '0', 1000, 2))
       AS past (name, ago, value, version) USING (name)
     ON CONFLICT DO NOTHING`,
  );
});

const top = async (query: string) => (await service.calls.call<Top>('GET', `/v1/top?${query}`)).body.data;

describe('a sum', () => {
  it('is that of all counters, or of those with a prefix', async () => {
    const all = await service.calls.call<Summary>('GET', '/v1/summary');
    expect(all.body).toEqual({ prefix: '', count: 4, sum: 1_547, asOf: expect.any(String) });
    expect((await service.calls.call<Summary>('GET', '/v1/summary?prefix=a/')).body).toMatchObject({
      count: 3,
      sum: 547,
    });
    expect((await service.calls.call<Summary>('GET', '/v1/summary?prefix=c')).body).toMatchObject({ count: 0, sum: 0 });
  });

  it('has all its digits, and leaves out what is deleted', async () => {
    for (const name of ['big/1', 'big/2', 'big/3']) await service.calls.set(name, { value: Number.MAX_SAFE_INTEGER });
    await service.calls.delete('big/3');
    const { text } = await service.calls.call('GET', '/v1/summary?prefix=big/');
    expect(text).toContain('"count":2,"sum":18014398509481982,');
    await Promise.all(['big/1', 'big/2'].map((name) => service.calls.delete(name)));
  });

  it('is as old as it says, and not older than it may be', async () => {
    await service.calls.set('aged', { value: 1 });
    const sumOf = async () => (await service.calls.call<Summary>('GET', '/v1/summary?prefix=aged')).body;
    const first = await sumOf();
    await service.calls.increment('aged', 1);
    await eventually(async () => (await sumOf()).sum === 2);
    expect((await sumOf()).asOf > first.asOf).toBe(true);
    await service.calls.delete('aged');
  });
});

describe('a ranking', () => {
  it('by value has the highest first, each with its change', async () => {
    expect(await top('prefix=a/')).toEqual([
      { name: 'a/old', value: 500, change: 10 },
      { name: 'a/falls', value: 40, change: -60 },
      { name: 'a/new', value: 7, change: 7 },
    ]);
    expect((await top('limit=1')).map(({ name }) => name)).toEqual(['b']);
  });

  it('by change has what gained most first, from 0 where the counter is younger than the period', async () => {
    expect((await top('by=change&prefix=a/')).map(({ name, change }) => [name, change])).toEqual([
      ['a/old', 10],
      ['a/new', 7],
      ['a/falls', -60],
    ]);
    expect((await top('by=change&prefix=a/&over=7d')).map(({ change }) => change)).toEqual([500, 40, 7]);
  });
});

it.each([
  ['summary?prefix=%00', 'prefix'],
  ['summary?limit=1', 'not known'],
  ['summary?prefix=a&prefix=b', 'twice'],
  ['top?by=name', 'by'],
  ['top?over=0h', 'over'],
  ['top?tz=Nowhere', 'tz'],
  ['summary?over=lastYear', 'over'],
  ['top?limit=0', 'limit'],
  ['top?limit=101', 'limit'],
  ['top?limit=1e1', 'limit'],
])('/v1/%s is refused, and told why', async (path, word) => {
  const { status, body } = await service.calls.call<{ code: string; detail: string }>('GET', `/v1/${path}`);
  expect([status, body.code]).toEqual([400, 'invalid_request']);
  expect(body.detail).toContain(word);
});

it('a period is one of the zone that was asked for, though a counter came with a change from before hours are kept', async () => {
  await database.query(
    `INSERT INTO history_days (bucket, name, at, value, version, created_at)
     SELECT bucket, name, '2020-01-01', 1, 0, created_at FROM counters WHERE name = 'b'`,
  );
  for (const path of ['summary?prefix=a/', 'top?prefix=a/']) {
    const query = `${path}&over=30d&tz=Asia/Kolkata`;
    const { body } = await service.calls.call<{ tz: string }>('GET', `/v1/${query}`);
    expect([query, body.tz]).toEqual([query, 'Asia/Kolkata']);
  }
});
