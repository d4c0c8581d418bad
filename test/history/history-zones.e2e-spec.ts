/** Hours, days, weeks and months of any zone are right to the unit, made of hours that were rolled up and pruned. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryPruner } from '../../src/counters/history/history-pruner.js';
import { HistoryRoller } from '../../src/counters/history/history-roller.js';
import { eventually } from '../support/eventually.js';
import type { Point } from '../support/history.js';
import { withService } from '../support/service.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Both days on which clocks are set, wherever we are in the year, lie within it. */
const PAST_DAYS = 370;
const HOURS_DAYS = 330;

/** Some a day, at all times of it. */
const CHANGE_EVERY_MS = 301 * MINUTE_MS;

/** A minute or so for each of some thousand minutes on a busy machine. */
const ROLL_UP_WITHIN_MS = 120_000;

const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Los_Angeles',
];

/** Where the days begin that stay for ever. */
const KEPT_ZONE = 'Asia/Kathmandu';

interface Change {
  readonly atMs: number;
  readonly value: number;
}

interface Told {
  readonly data: readonly Point[];
  readonly tz: string;
  readonly interval: string;
}

const service = withService({
  inside: true,
  env: { HISTORY_TZ: KEPT_ZONE, HISTORY_HOURS_DAYS: String(HOURS_DAYS) },
  ending: () => database.end(),
});
let database: pg.Client;
let changes: Change[];

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
  await makeOld();
  const roller = service.app.nest.get(HistoryRoller, { strict: false });
  const pruner = service.app.nest.get(HistoryPruner, { strict: false });
  await eventually(async () => (await roller.runOnce()).complete, ROLL_UP_WITHIN_MS);
  await eventually(async () => (await pruner.runOnce()).complete);
});

/** A counter that changed every five hours and a minute, for more than a year. */
async function makeOld(): Promise<void> {
  const firstMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - PAST_DAYS * DAY_MS;
  const count = Math.floor((Date.now() - 2 * MINUTE_MS - firstMs) / CHANGE_EVERY_MS);
  changes = Array.from({ length: count }, (_, index) => ({
    atMs: firstMs + index * CHANGE_EVERY_MS,
    // It falls now and then.
    value: index * 10 - (index % 7) * 9,
  }));
  const last = changes.at(-1);
  await service.calls.set('old', { value: last?.value ?? 0 });
  await database.query(
    `UPDATE counters SET created_at = to_timestamp($1::float8 / 1000), updated_at = to_timestamp($2::float8 / 1000),
                         version = $3 WHERE name = 'old'`,
    [firstMs, last?.atMs, count],
  );
  const deriver = service.app.nest.get(HistoryDeriver, { strict: false });
  await eventually(async () => (await deriver.runOnce()).complete);
  await database.query('DELETE FROM history_minutes; DELETE FROM history_hours; DELETE FROM history_days');
  await database.query(
    `INSERT INTO history_minutes (bucket, name, at, value, version, created_at)
     SELECT bucket, 'old', to_timestamp(at / 1000), change.value, change.version, created_at
     FROM unnest($1::float8[], $2::bigint[]) WITH ORDINALITY AS change (at, value, version), counters
     WHERE counters.name = 'old'`,
    [changes.map(({ atMs }) => atMs), changes.map(({ value }) => value)],
  );
  await database.query(`UPDATE history_progress SET unrolled_from = now() - interval '2 years'`);
}

async function ask(query: string): Promise<Told> {
  const { status, text, body } = await service.calls.call<Told>('GET', `/v1/counters/old/history?${query}`);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

/** What the clocks of a place show, as far as it names an interval. */
function labels(zone: string, interval: 'hour' | 'day' | 'week' | 'month'): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...(interval === 'hour' ? { hour: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset' } : {}),
  } as const);
  return (ms) => {
    const shown = format.format(ms);
    if (interval === 'month') return shown.slice(0, 7);
    if (interval !== 'week') return shown;
    const day = Date.parse(shown);
    return new Date(day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
  };
}

/** The last value of each interval in which something changed, by what the clocks of the place show. */
function lastValues(zone: string, interval: 'hour' | 'day' | 'week' | 'month', fromMs: number): Map<string, number> {
  const label = labels(zone, interval);
  return new Map(changes.filter(({ atMs }) => atMs >= fromMs).map(({ atMs, value }) => [label(atMs), value]));
}

describe.each(ZONES)('in %s', (zone) => {
  it.each([
    ['hour', 80],
    ['day', 320],
    ['week', 300],
    ['month', 290],
  ] as const)('each %s tells what changed in it', async (interval, days) => {
    const askedMs = Date.now() - days * DAY_MS;
    const { data, ...told } = await ask(`interval=${interval}&tz=${zone}&from=${new Date(askedMs).toISOString()}`);
    expect(told).toEqual({ tz: zone, interval });
    const label = labels(zone, interval);
    const firstMs = Date.parse(data[0]?.at ?? '');
    expect(firstMs).toBeLessThanOrEqual(askedMs);
    const known = lastValues(zone, interval, firstMs);
    let before = changes.findLast(({ atMs }) => atMs < firstMs)?.value ?? 0;
    for (const { at, delta, value } of data) {
      const expected = known.get(label(Date.parse(at))) ?? before;
      expect([at, delta, value]).toEqual([at, expected - before, expected]);
      before = expected;
    }
    expect(new Set(data.map(({ at }) => label(Date.parse(at)))).size).toBe(data.length);
    expect(before).toBe(changes.at(-1)?.value);
  });
});

it('days from before hours are kept begin in a zone of their own, and the answer says so', async () => {
  const from = new Date(Date.now() - 365 * DAY_MS).toISOString();
  const { data, tz } = await ask(`interval=day&tz=America/Los_Angeles&from=${from}`);
  expect(tz).toBe(KEPT_ZONE);
  const label = labels(KEPT_ZONE, 'day');
  const known = lastValues(KEPT_ZONE, 'day', 0);
  let before = data[0] === undefined ? NaN : data[0].value - data[0].delta;
  for (const { at, delta, value } of data) {
    const expected = known.get(label(Date.parse(at))) ?? before;
    expect([at, delta, value]).toEqual([at, expected - before, expected]);
    before = expected;
  }
  expect(data.length).toBeGreaterThan(364);
});

it('several counters are told on one scale, and those that are not there as null', async () => {
  await service.calls.set('young', { value: 8 });
  const query = 'name=old&name=young&name=nobody&name=old&over=7d&interval=day&tz=Asia/Kolkata';
  const { body } = await service.calls.call<{ data: Record<string, Point[] | null>; tz: string }>(
    'GET',
    `/v1/history?${query}`,
  );
  expect(Object.keys(body.data)).toEqual(['old', 'young', 'nobody']);
  const { old, young, nobody } = body.data;
  expect([body.tz, nobody]).toEqual(['Asia/Kolkata', null]);
  expect(young?.map(({ at }) => at)).toEqual(old?.map(({ at }) => at));
  expect(young?.map(({ delta }) => delta)).toEqual([...(young ?? []).slice(1).map(() => 0), 8]);
  expect(old).toEqual((await ask('over=7d&interval=day&tz=Asia/Kolkata')).data);
});

it.each([
  ['', 'name'],
  ['?name=', 'name'],
  [`?${Array.from({ length: 21 }, (_, index) => `name=${index}`).join('&')}`, '20'],
  ['?name=a&prefix=a', 'not known'],
  ['?name=a&tz=UTC&tz=UTC', 'twice'],
])('/v1/history%s is refused, and told why', async (query, word) => {
  const { status, body } = await service.calls.call<{ detail: string }>('GET', `/v1/history${query}`);
  expect(status).toBe(400);
  expect(body.detail).toContain(word);
});

it('one period is the same for a history, a ranking and a sum', async () => {
  for (const zone of ZONES) {
    for (const over of ['24h', '7d', '30d', 'today', 'yesterday', 'thisWeek', 'thisMonth', 'P10D']) {
      const { data } = await ask(`over=${over}&tz=${zone}`);
      const gained = data.reduce((sum, { delta }) => sum + delta, 0);
      const query = `over=${over}&tz=${zone}&prefix=old`;
      const summary = await service.calls.call<{ change: number; from: string; tz: string }>(
        'GET',
        `/v1/summary?${query}`,
      );
      expect([over, zone, summary.body.change, summary.body.from, summary.body.tz]).toEqual([
        over,
        zone,
        gained,
        data[0]?.at,
        zone,
      ]);
      const top = await service.calls.call<{ data: { change: number }[] }>('GET', `/v1/top?by=value&${query}`);
      expect([over, zone, top.body.data.map(({ change }) => change)]).toEqual([over, zone, [gained]]);
      const gainers = await service.calls.call<{ data: { change: number }[] }>('GET', `/v1/top?by=change&${query}`);
      expect([over, zone, gainers.body.data[0]?.change ?? 0]).toEqual([over, zone, gained]);
    }
  }
});
