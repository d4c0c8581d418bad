/** Just after midnight in Kolkata, with a browser two hours ahead, each number of one counter says the same everywhere. */
import type { Browser, Page } from 'playwright-core';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryUpkeep } from '../../src/counters/history/history-upkeep.js';
import { findPostgres } from '../../src/embedded/postgres-programs.js';
import { startApp, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/chromium.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { newCluster, startPostgresOn, startRedis, type TestPostgres, type TestRedis } from '../support/servers.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const ZONE = 'Asia/Kolkata';
const AHEAD_OF_UTC_MS = 5.5 * HOUR_MS;
const BROWSER_AHEAD_MS = 2 * HOUR_MS;

/** At all minutes of the hour and all hours of the day; the last ones before and after midnight. */
const EVERY_MS = 97 * MINUTE_MS;
const PAST_MS = 40 * DAY_MS;
const ROLL_UP_WITHIN_MS = 60_000;

/** The next 00:40 there, by the database's clock; everything below is told from it. */
const midnightMs = Math.ceil((Date.now() + AHEAD_OF_UTC_MS) / DAY_MS) * DAY_MS - AHEAD_OF_UTC_MS;
const nowMs = midnightMs + 40 * MINUTE_MS;

const past = Array.from({ length: Math.floor(PAST_MS / EVERY_MS) }, (_, index) => nowMs - PAST_MS + index * EVERY_MS);
const changedAtMs = [
  ...past.map((ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS).filter((ms) => ms < midnightMs - 10 * MINUTE_MS),
  midnightMs - 5 * MINUTE_MS,
  midnightMs + 5 * MINUTE_MS,
  midnightMs + 20 * MINUTE_MS,
];
/** Each change adds its place: no two sums are the same by chance. */
const changes = changedAtMs.map((atMs, index) => ({ atMs, delta: index + 1 }));
const gainedSince = (ms: number) => changes.reduce((sum, { atMs, delta }) => (atMs >= ms ? sum + delta : sum), 0);
const total = gainedSince(0);

const shown = (value: number) => `+${value.toLocaleString('en-US')}`;

let postgres: TestPostgres;
let redis: TestRedis;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  const clock = await FakeClock.off(`+${Math.round((nowMs - Date.now()) / 1_000)}s`);
  postgres = await startPostgresOn(await newCluster(await clock.around(findPostgres(null))), []);
  redis = await startRedis();
  app = await startApp({ databaseUrl: postgres.url, redisUrl: redis.url });
  await new CounterCalls(app.url).set('visits', { value: total });
  await eventually(async () => (await app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query(
    `UPDATE counters SET version = $1, created_at = to_timestamp($2::float8 / 1000),
                         updated_at = to_timestamp($3::float8 / 1000) WHERE name = 'visits'`,
    [changes.length, changes[0]?.atMs, changes.at(-1)?.atMs],
  );
  await database.query('DELETE FROM history_minutes; DELETE FROM history_hours; DELETE FROM history_days');
  await database.query(
    `INSERT INTO history_minutes (name, at, value, version, created_at)
     SELECT 'visits', to_timestamp(at / 1000), sum(delta) OVER (ORDER BY at), place, created_at
     FROM unnest($1::float8[], $2::bigint[]) WITH ORDINALITY AS change (at, delta, place), counters`,
    [changes.map(({ atMs }) => atMs), changes.map(({ delta }) => delta)],
  );
  await database.query(`UPDATE history_progress SET unrolled_from = now() - interval '1 year'`);
  await database.end();
  const upkeep = app.nest.get(HistoryUpkeep, { strict: false });
  await eventually(async () => (await upkeep.rollUpOnce()).complete, ROLL_UP_WITHIN_MS);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.stop();
  await redis.stop();
  const pid = postgres.pid();
  await postgres.stop();
  await FakeClock.sweep(pid);
});

async function open(): Promise<Page> {
  const page = await browser.newPage({ timezoneId: ZONE });
  await page.addInitScript(`
    const RealDate = Date;
    Date = class extends RealDate {
      constructor(...given) { given.length === 0 ? super(Date.now()) : super(...given); }
      static now() { return RealDate.now() + ${Math.round(nowMs - Date.now()) + BROWSER_AHEAD_MS}; }
    };`);
  return page;
}

/** What the page says of a period, wherever it does. */
async function tell(page: Page, hash: string, selector: string, text: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${app.url}/${hash}`);
  await page.locator(selector, { hasText: text }).waitFor();
}

async function rowsOf(page: Page, count: number): Promise<{ from: string; change: string }[]> {
  await page.locator('.history summary').click();
  const rows = page.locator('.history details table').first().locator('tbody tr');
  await eventually(async () => (await rows.count()) === count);
  return Promise.all(
    (await rows.all()).map(async (row) => ({
      from: (await row.locator('th').textContent()) ?? '',
      change: (await row.locator('td').first().textContent()) ?? '',
    })),
  );
}

const numberOf = (change: string) => Number(change.replace(/[+,]/g, ''));
const sumOf = (rows: { change: string }[]) => rows.reduce((sum, { change }) => sum + numberOf(change), 0);
const dayIn = (zone: string, ms: number) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(ms);

it('today is since midnight there: on its card, in the table of days, and by the service', async () => {
  const today = gainedSince(midnightMs);
  const page = await open();
  await tell(page, '#/', '.card .today', `${shown(today)} today`);
  await tell(page, '#/counters/visits?range=30d', '.history .total', 'in 30 d');
  const [first, second] = await rowsOf(page, 30);
  expect(first).toEqual({ from: dayIn(ZONE, nowMs), change: shown(today) });
  expect(second).toEqual({
    from: dayIn(ZONE, nowMs - DAY_MS),
    change: shown(gainedSince(midnightMs - DAY_MS) - today),
  });
  const { body } = await new CounterCalls(app.url).call<{ change: number }>(
    'GET',
    `/v1/summary?prefix=visits&over=today&tz=${ZONE}`,
  );
  expect(body.change).toBe(today);
});

it('24 hours are those of the chart: on its card, beside the chart, and added up in the table', async () => {
  // The hour that is running, which began at midnight, and the 23 before.
  const gained = gainedSince(midnightMs - 23 * HOUR_MS);
  const page = await open();
  await tell(page, '#/?sort=change', '.card .today', `${shown(gained)} in 24 h`);
  await tell(page, '#/counters/visits', '.history .total', `${shown(gained)} in 24 h`);
  const rows = await rowsOf(page, 24);
  expect(sumOf(rows)).toBe(gained);
  expect(rows[0]?.from).toContain('00:00');
  expect(rows[0]?.change).toBe(shown(gainedSince(midnightMs)));
});

it('7 and 30 days add up to what is said of them', async () => {
  for (const [range, count, fromMs] of [
    ['7d', 168, midnightMs - 167 * HOUR_MS],
    ['30d', 30, midnightMs - 29 * DAY_MS],
  ] as const) {
    const page = await open();
    await tell(page, `#/counters/visits?range=${range}`, '.history .total', shown(gainedSince(fromMs)));
    expect(sumOf(await rowsOf(page, count))).toBe(gainedSince(fromMs));
  }
});

it('another zone is chosen for all of the page, and stands in its address', async () => {
  const midnightOfUtcMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const page = await open();
  await tell(page, '#/', '.card .today', `${shown(gainedSince(midnightMs))} today`);
  const choice = page.getByRole('combobox', { name: 'Time zone' });
  // The engine's own name of it is the older one.
  expect(await choice.inputValue()).toMatch(/^Asia\/(Kolkata|Calcutta)$/);
  await choice.selectOption('UTC');
  await page.locator('.card .today', { hasText: `${shown(gainedSince(midnightOfUtcMs))} today` }).waitFor();
  expect(page.url()).toContain('tz=UTC');
  await page.locator('.card').click();
  await page.getByText('30 d', { exact: true }).click();
  await page.locator('.history .total', { hasText: 'in 30 d' }).waitFor();
  const [first] = await rowsOf(page, 30);
  expect(first).toEqual({ from: dayIn('UTC', nowMs), change: shown(gainedSince(midnightOfUtcMs)) });
  expect(page.url()).toContain('tz=UTC');
  // A place that others can be led to.
  await tell(page, '#/?tz=UTC', '.card .today', `${shown(gainedSince(midnightOfUtcMs))} today`);
});
