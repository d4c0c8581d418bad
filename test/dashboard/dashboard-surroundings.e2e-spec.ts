/** The dashboard where the browser, its address or its clock are not as one would think. */
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';
import { zoneWhereItIs } from '../support/zones.js';

const DAY_MS = 86_400_000;
let browser: Browser;

const service = withService({
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  await new CounterCalls(service.app.url).increment('a', 7);
  // Without a reconcile there is no age of one to be wrong about.
  await send(service.app.url, 'POST', '/v1/admin/cache/reconcile');
  await eventually(async () => {
    const { body } = await send(service.app.url, 'GET', '/v1/admin/cache');
    return (JSON.parse(body) as { lastReconcile: unknown }).lastReconcile !== null;
  });
  browser = await startBrowser();
});

it.each([
  ['two days ahead', 2 * DAY_MS],
  ['a hundred days behind', -100 * DAY_MS],
])('by a clock that is %s the page shows the same: a chart, and no alarm', async (_what, aheadMs) => {
  const page = await browser.newPage();
  await page.addInitScript(`
    const RealDate = Date;
    Date = class extends RealDate {
      constructor(...given) { given.length === 0 ? super(RealDate.now() + ${aheadMs}) : super(...given); }
      static now() { return RealDate.now() + ${aheadMs}; }
    };`);
  await page.goto(`${service.app.url}/#/counters/a`);
  await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
  await page.locator('.history canvas').waitFor();
  await page.locator('.history summary').click();
  // The hour that is running is the last one, and what changed is in it.
  const rows = page.locator('.history details tbody tr');
  await rows.first().waitFor();
  expect(await rows.count()).toBeLessThanOrEqual(25);
  expect(await rows.first().locator('td').allTextContents()).toEqual(['+7', '7']);
  const shownMs = Date.parse((await rows.first().locator('time').getAttribute('datetime')) ?? '');
  expect(Math.abs(Date.now() - shownMs)).toBeLessThan(2 * 3_600_000);
  await page.goto(`${service.app.url}/#/`);
  await page.locator('.card .today', { hasText: '+7 today' }).waitFor();
  await page.close();
});

it('a page opened with a name and a password in its address calls the service', async () => {
  const page = await browser.newPage();
  await page.goto(service.app.url.replace('http://', 'http://user:pass@'));
  await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
  await page.locator('.card .number', { hasText: '7' }).waitFor();
  await page.close();
});

it('a wall shows what was pinned, large, and Escape leads back', async () => {
  const page = await browser.newPage();
  await page.goto(`${service.app.url}/#/counters/a`);
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.goto(`${service.app.url}/#/?wall=yes`);
  const tiles = page.locator('.wall li');
  await eventually(async () => (await tiles.allTextContents()).join().startsWith('a7'));
  expect(await tiles.count()).toBe(1);
  // Dark by night, whatever else is asked for.
  for (const [hour, isNight] of [
    [12, false],
    [0, true],
  ] as const) {
    await page.goto(`${service.app.url}/#/?wall=yes&tz=${encodeURIComponent(zoneWhereItIs(hour))}`);
    await eventually(async () => (await page.locator('.by-night').count()) === Number(isNight));
    await expectNoFindings(page);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox').waitFor();
  await page.close();
});
