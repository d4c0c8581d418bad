/** Minutes become hours and days, and go when their time is over; no change is lost on the way. */
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryPruner } from '../../src/counters/history/history-pruner.js';
import { HistoryRoller } from '../../src/counters/history/history-roller.js';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { withService } from '../support/service.js';

/** Two thousand minutes, on a busy machine. */
const ROLL_UP_WITHIN_MS = 90_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Longer than anything is kept. */
const PAST_HOURS = 120 * 24;
let database: pg.Client;

const service = withService({
  inside: true,
  env: { HISTORY_HOURS_DAYS: '90' },
  ending: async () => {
    await database.end();
  },
});

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});

const pruner = () => service.app.nest.get(HistoryPruner, { strict: false });
const roller = () => service.app.nest.get(HistoryRoller, { strict: false });
const rows = async (period: string) =>
  (await database.query(`SELECT 1 FROM history_${period} WHERE name = 'old'`)).rowCount ?? 0;

/** The jobs run as well, now and then, and hold the history for a moment. */
const derive = () =>
  eventually(async () => (await service.app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);
const rollUp = () => eventually(async () => (await roller().runOnce()).complete, ROLL_UP_WITHIN_MS);

/** A counter whose changes, one by one, were made every 200 minutes over the last 120 days. */
async function makeOldCounter(): Promise<void> {
  for (let change = 0; change < 4; change += 1) await service.calls.increment('old', 1);
  await derive();
  // The same rows as if those changes had been derived at their time; the latest of them is the counter itself.
  await database.query(
    `UPDATE counters SET created_at = now() - make_interval(hours => $1), version = 4000, value = 4000 * 3
     WHERE name = 'old'`,
    [PAST_HOURS],
  );
  await database.query(`DELETE FROM history_minutes WHERE name = 'old'`);
  await database.query(
    `INSERT INTO history_minutes (bucket, name, at, value, version, created_at)
     SELECT DISTINCT ON (at) bucket, 'old', date_trunc('minute', created_at + n * interval '200 minutes') AS at,
            CASE WHEN n % 7 = 0 THEN -n ELSE n * 3 END, n, created_at
     FROM counters, generate_series(1, 860) n WHERE name = 'old' ORDER BY at, n DESC`,
  );
  await database.query(`UPDATE history_progress SET unrolled_from = now() - interval '1 year'`);
}

const history = async (interval: string, fromMs: number) =>
  pointsOf(service.calls, 'old', `interval=${interval}&from=${new Date(fromMs).toISOString()}`);

it('minutes that are not in hours and days yet are never removed', async () => {
  await makeOldCounter();
  const before = await rows('minutes');
  expect(await pruner().runOnce()).toMatchObject({ minutes: 0, hours: 0, complete: true });
  expect([await rows('minutes'), await rows('hours')]).toEqual([before, 0]);
});

it('hours and days agree with the minutes they were made from, and before they were made', async () => {
  const [hours, days] = [
    await history('hour', Date.now() - 60 * DAY_MS),
    await history('day', Date.now() - 119 * DAY_MS),
  ];
  // The first and the last of 120 days are cut off somewhere, by the time of the day.
  const { rows: changed } = await database.query<{ days: number }>(
    `SELECT count(DISTINCT date_trunc('day', at, 'UTC'))::int AS days FROM history_minutes WHERE name = 'old'`,
  );
  await rollUp();
  expect([(await rows('hours')) > 800, await rows('days')]).toEqual([true, changed[0]?.days]);
  expect(changed[0]?.days).toBeGreaterThan(118);
  expect(await history('hour', Date.now() - 60 * DAY_MS)).toEqual(hours);
  expect(await history('day', Date.now() - 119 * DAY_MS)).toEqual(days);
});

it('nothing changes when they are made again, and an older change that comes late does not win', async () => {
  const before = await history('hour', Date.now() - 60 * DAY_MS);
  await database.query(`UPDATE history_progress SET unrolled_from = now() - interval '1 year'`);
  await database.query(
    `INSERT INTO history_minutes (bucket, name, at, value, version, created_at)
     SELECT bucket, name, min(date_trunc('hour', at)), 999, 0, created_at FROM history_minutes WHERE name = 'old'
     GROUP BY bucket, name, created_at, date_trunc('hour', at) ON CONFLICT DO NOTHING`,
  );
  await rollUp();
  expect(await history('hour', Date.now() - 60 * DAY_MS)).toEqual(before);
});

it('minutes go after a day and hours after 90, and the sums stay what they were', async () => {
  const days = await history('day', Date.now() - 119 * DAY_MS);
  const report = await pruner().runOnce();
  expect(report).toMatchObject({ complete: true });
  expect([report.minutes > 0, report.hours > 0]).toEqual([true, true]);
  const kept = async (period: string, ms: number) =>
    (
      await database.query(
        `SELECT 1 FROM history_${period} WHERE name = 'old' AND at < to_timestamp($1::float8 / 1000)`,
        [Date.now() - ms],
      )
    ).rowCount;
  expect(await kept('minutes', DAY_MS + HOUR_MS)).toBe(0);
  expect(await kept('hours', 92 * DAY_MS)).toBe(0);
  expect(await history('day', Date.now() - 119 * DAY_MS)).toEqual(days);

  const { value } = (await service.calls.read('old', '?consistency=strong')).body;
  const whole = await history('day', Date.now() - 150 * DAY_MS);
  expect([sumOf(whole), whole.at(-1)?.value]).toEqual([value, value]);
  for (const [interval, ms] of [
    ['hour', 80 * DAY_MS],
    ['minute', 20 * HOUR_MS],
  ] as const) {
    const points = await history(interval, Date.now() - ms);
    const first = points[0];
    const before = first === undefined ? NaN : first.value - first.delta;
    expect([interval, sumOf(points) + before, points.at(-1)?.value]).toEqual([interval, value, value]);
  }
});

it('what is not kept any more is not told as if nothing had changed', async () => {
  const from = Date.now() - 30 * HOUR_MS;
  const [first] = await history('minute', from);
  const firstMs = Date.parse(first?.at ?? '');
  expect(firstMs).toBeGreaterThan(from);
  expect(firstMs).toBeLessThanOrEqual(Date.now() - 24 * HOUR_MS);
});

it('a rolled up history goes on with what happens next', async () => {
  const before = sumOf(await history('day', Date.now() - 150 * DAY_MS));
  await service.calls.decrement('old', 5);
  for (const look of [() => Promise.resolve(), derive, rollUp]) {
    await look();
    expect(sumOf(await history('day', Date.now() - 150 * DAY_MS))).toBe(before - 5);
  }
});
