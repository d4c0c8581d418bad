/** The page of a counter says whether it is as it should be: drawn, in words, and in the table. */
import type { Browser, Page } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { seedHours, usualHours, withEnd } from '../support/history.js';
import { withService } from '../support/service.js';

const service = withService();
let browser: Browser;

const USUAL = usualHours(36, 200);

beforeAll(async () => {
  const doubled = withEnd(USUAL, 4, (delta) => Math.round(2.5 * delta));
  await seedHours(service.databaseUrl, 'usual', USUAL);
  await seedHours(
    service.databaseUrl,
    'stopped',
    withEnd(USUAL, 4, () => 0),
  );
  await seedHours(service.databaseUrl, 'doubled', doubled);
  await seedHours(service.databaseUrl, 'young', usualHours(5, 200));
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function open(hash: string): Promise<Page> {
  const page = await browser.newPage({ timezoneId: 'UTC' });
  await page.goto(`${service.app.url}/#/counters/${hash}`);
  await page.locator('.history .total').waitFor();
  return page;
}

/** How many points of the chart have about a colour of the page, at the edge of a dot less of it, from a share of its width on. */
const painted = (page: Page, colour: string, from = 0): Promise<number> =>
  page.locator('.chart canvas').evaluate(
    (canvas: HTMLCanvasElement, [name, share]) => {
      const sample = document.createElement('canvas').getContext('2d');
      const context = canvas.getContext('2d');
      if (sample === null || context === null) return 0;
      sample.fillStyle = getComputedStyle(canvas).getPropertyValue(name);
      sample.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = sample.getImageData(0, 0, 1, 1).data;
      const left = Math.floor(canvas.width * share);
      const { data } = context.getImageData(left, 0, canvas.width - left, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const away = Math.hypot((data[at] ?? 0) - red, (data[at + 1] ?? 0) - green, (data[at + 2] ?? 0) - blue);
        if (away < 60 && (data[at + 3] ?? 0) > 127) count += 1;
      }
      return count;
    },
    [colour, from] as const,
  );

it('of one that behaves it says so, and what is expected of the rest of the day, and draws what is to come', async () => {
  const page = await open('usual');
  const words = page.locator('.expectation');
  await words.waitFor();
  expect(await words.textContent()).toMatch(/of the last 23 hours/);
  expect(await words.textContent()).toMatch(/Expected in all of today: about [\d,]+\./);
  // The last third is to come: there is a dotted line, and no bar.
  await eventually(async () => (await painted(page, '--trace-1', 0.75)) > 20);
  await page.locator('.history summary').click();
  const coming = page.getByRole('region', { name: 'Expected changes by hour, the running one first' });
  await eventually(async () => (await coming.locator('tbody tr').count()) === 12);
  await expectNoFindings(page);
  await page.close();
});

it.each([
  ['stopped', 'below'],
  ['doubled', 'above'],
])('of one that %s it marks the hours that lay %s what was expected, in words too', async (name, side) => {
  const page = await open(name);
  const words = page.locator('.expectation');
  await words.waitFor();
  expect(await words.textContent()).toMatch(
    new RegExp(`Outside of the expected range: .*\\d of the last 23 hours.* ${side}.*, the latest too\\.`),
  );
  await eventually(async () => (await painted(page, '--amber')) > 20);
  await page.locator('.history summary').click();
  const latest = page.getByRole('region', { name: 'Changes by hour, newest first' }).locator('tbody tr').nth(1);
  expect(await latest.locator('td').last().textContent()).toMatch(new RegExp(`^${side} [\\d,.]+ to [\\d,.]+$`));
  await expectNoFindings(page);
  await page.close();
});

it('of a week it shows as much, of values and of days nothing, and of one that is too young nothing is asked', async () => {
  const page = await open('stopped?range=7d');
  await page.locator('.expectation', { hasText: 'of the last 167 hours' }).waitFor();
  await eventually(async () => (await painted(page, '--amber')) > 20);
  await page.locator('.tools').getByText('Value', { exact: true }).click();
  await eventually(async () => (await painted(page, '--amber')) === 0);
  await page.locator('.tools').getByText('30 d', { exact: true }).click();
  await page.locator('.history .total', { hasText: 'in 30 d' }).waitFor();
  expect(await page.locator('.expectation').count()).toBe(0);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('about:blank');
  await page.goto(`${service.app.url}/#/counters/young`);
  await page.locator('.history .total').waitFor();
  await page.locator('.chart canvas').waitFor();
  expect(asked.filter((url) => url.includes('/forecast'))).toEqual([]);
  await page.close();
});
