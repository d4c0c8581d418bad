/**
 * Just after midnight in Kolkata, and on the days when clocks are set elsewhere, with a browser two hours ahead: each
 * number of one counter says the same everywhere.
 */
import type { Browser, Page } from 'playwright-core';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryRoller } from '../../src/counters/history/history-roller.js';
import { findPostgres } from '../../src/embedded/postgres-programs.js';
import { startApp, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/chromium.js';
import { changeDays, dayIn, hourIn } from '../support/clock-changes.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { seedMinutes } from '../support/history.js';
import { newCluster, startPostgresOn, type TestPostgres } from '../support/servers.js';
import { withRedis } from '../support/service.js';

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

/** Half an hour off the one another; the last two days each, as far back as the days around them are over. */
const SET_TWICE_A_YEAR = ['America/Los_Angeles', 'America/St_Johns'];
const AROUND_DAYS = 10;
const lastDays = SET_TWICE_A_YEAR.flatMap((zone) =>
  changeDays(zone, nowMs - 385 * DAY_MS, nowMs - (AROUND_DAYS + 1) * DAY_MS).slice(-2),
);
/** Some in each half of most hours of them, and in the hours before and after. */
const OFTEN_MS = 37 * MINUTE_MS;
const onThem = lastDays.flatMap(({ fromMs, toMs }) =>
  Array.from(
    { length: Math.ceil((toMs - fromMs + 2 * HOUR_MS) / OFTEN_MS) },
    (_, i) => fromMs - HOUR_MS + i * OFTEN_MS,
  ),
);

const past = Array.from({ length: Math.floor(PAST_MS / EVERY_MS) }, (_, index) => nowMs - PAST_MS + index * EVERY_MS);
const changedAtMs = [
  ...[...new Set([...onThem, ...past].map((ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS))]
    .filter((ms) => ms < midnightMs - 10 * MINUTE_MS)
    .sort((a, b) => a - b),
  midnightMs - 5 * MINUTE_MS,
  midnightMs + 5 * MINUTE_MS,
  midnightMs + 20 * MINUTE_MS,
];
/** Each change adds its place: no two sums are the same by chance. */
const changes = changedAtMs.map((atMs, index) => ({ atMs, delta: index + 1 }));
const gainedSince = (ms: number) => changes.reduce((sum, { atMs, delta }) => (atMs >= ms ? sum + delta : sum), 0);
const gainedIn = (fromMs: number, toMs: number) => gainedSince(fromMs) - gainedSince(toMs);
const total = gainedSince(0);

const shown = (value: number) => `+${value.toLocaleString('en-US')}`;

const servers = withRedis({
  ending: async () => {
    await browser.close();
    await app.stop();
    const pid = postgres.pid();
    await postgres.stop();
    await FakeClock.sweep(pid);
  },
});
let clock: FakeClock;
let postgres: TestPostgres;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  clock = await FakeClock.off(offsetTo(nowMs));
  postgres = await startPostgresOn(await newCluster(await clock.around(findPostgres(null))), []);
  app = await startApp({ databaseUrl: postgres.url, redisUrl: servers.redis.url, inside: true });
  await new CounterCalls(app.url).set('visits', { value: total });
  await eventually(async () => (await app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);
  await seedMinutes(postgres.url, 'visits', changes);
  const roller = app.nest.get(HistoryRoller, { strict: false });
  await eventually(async () => (await roller.runOnce()).complete, ROLL_UP_WITHIN_MS);
  browser = await startBrowser();
});

/** How far a clock is off that shows a moment now. */
const offsetTo = (ms: number) => `+${Math.round((ms - Date.now()) / 1_000)}s`;

/** @param atMs what it is, two hours less than the browser thinks */
async function open(atMs = nowMs): Promise<Page> {
  const page = await browser.newPage({ timezoneId: ZONE });
  await page.addInitScript(`
    const RealDate = Date;
    Date = class extends RealDate {
      constructor(...given) { given.length === 0 ? super(Date.now()) : super(...given); }
      static now() { return RealDate.now() + ${Math.round(atMs - Date.now()) + BROWSER_AHEAD_MS}; }
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

it.each(lastDays)('on $day, when clocks were set in $zone, each hour is that of its clocks', async (change) => {
  const { zone, day, fromMs, toMs } = change;
  const hours = (toMs - fromMs) / HOUR_MS;
  expect(hours).not.toBe(24);
  const hash = (from: number, to: number) =>
    `#/counters/visits?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&tz=${zone}`;
  const page = await open();
  const period = `from ${hourIn(zone, fromMs)} to ${hourIn(zone, toMs)}`;
  await tell(page, hash(fromMs, toMs), '.history .total', `${shown(gainedIn(fromMs, toMs))} ${period}`);
  const expected = Array.from({ length: hours }, (_, hour) => fromMs + hour * HOUR_MS);
  expect((await rowsOf(page, hours)).toReversed()).toEqual(
    expected.map((ms) => ({ from: hourIn(zone, ms), change: shown(gainedIn(ms, ms + HOUR_MS)) })),
  );

  // By hand, from three o'clock on, which is two hours or four after midnight.
  const form = page.locator('.range-form');
  expect(await form.getByLabel('From').inputValue()).toBe(`${day}T00:00`);
  await form.getByLabel('From').fill(`${day}T03:00`);
  await form.getByRole('button', { name: 'Show' }).click();
  const threeMs = toMs - 21 * HOUR_MS;
  await page.locator('.history .total', { hasText: shown(gainedIn(threeMs, toMs)) }).waitFor();
  await eventually(() => page.url().includes(encodeURIComponent(new Date(threeMs).toISOString())));

  const [firstMs, endMs] = [fromMs - AROUND_DAYS * DAY_MS, toMs + AROUND_DAYS * DAY_MS];
  await tell(page, hash(firstMs, endMs), '.history .total', shown(gainedIn(firstMs, endMs)));
  const days = (await rowsOf(page, 2 * AROUND_DAYS + 1)).toReversed();
  expect(days[AROUND_DAYS]).toEqual({ from: dayIn(zone, fromMs), change: shown(gainedIn(fromMs, toMs)) });
  expect(sumOf(days)).toBe(gainedIn(firstMs, endMs));
});

it('today is since midnight there on the days when clocks are set', async () => {
  const nextDays = SET_TWICE_A_YEAR.flatMap((zone) =>
    changeDays(zone, nowMs + DAY_MS, nowMs + 370 * DAY_MS).slice(0, 2),
  );
  const calls = new CounterCalls(app.url);
  for (const { zone, fromMs } of nextDays.sort((a, b) => a.fromMs - b.fromMs)) {
    // The last is after the clocks were set, at two o'clock.
    for (const [minutes, by] of [
      [-30, 300],
      [30, 5],
      [200, 7],
    ] as const) {
      const atMs = fromMs + minutes * MINUTE_MS;
      await clock.set(offsetTo(atMs));
      const before = (await calls.read('visits', '?consistency=strong')).body.value;
      await eventually(async () => (await calls.set('visits', { value: before + by })).status === 200);
      await eventually(async () => (await app.nest.get(HistoryDeriver, { strict: false }).runOnce()).complete);
    }
    const today = `/v1/summary?prefix=visits&over=today&tz=${zone}`;
    await eventually(async () => (await calls.call<{ change: number }>('GET', today)).body.change === 12);
    const page = await open(fromMs + 200 * MINUTE_MS);
    await tell(page, `#/?tz=${zone}`, '.card .today', '+12 today');
    await tell(page, `#/counters/visits?range=30d&tz=${zone}`, '.history .total', '+');
    expect((await rowsOf(page, 30))[0]).toEqual({ from: dayIn(zone, fromMs), change: '+12' });
    await page.close();
  }
});
