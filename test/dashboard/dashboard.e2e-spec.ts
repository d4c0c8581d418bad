/** What people see and do at the dashboard, in a real browser. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { CacheHand } from '../support/cache-hand.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { makeHours } from '../support/history.js';
import { withService } from '../support/service.js';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'">';
const WIDE_NUMBER = 9_007_199_254_740_000;
let browser: Browser;
let faults: string[] = [];

const service = withService({
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  await service.calls.increment('page:/home', 12);
  await service.calls.increment('page:/about', 3);
  await service.calls.increment('votes', 700);
  await service.calls.increment(HOSTILE, 5);
  await service.calls.set('wide', { value: WIDE_NUMBER });
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  // Refusals of the content security policy are told there too.
  expect(faults).toEqual([]);
});

async function open(hash: string, options: BrowserContextOptions = {}): Promise<Page> {
  faults = [];
  const page = await browser.newPage({ viewport: { width: 1_200, height: 800 }, ...options });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) faults.push(message.text());
  });
  await page.goto(`${service.app.url}/${hash}`);
  return page;
}

const card = (page: Page, name: string) => page.locator('.card', { hasText: name });
const numberOf = async (page: Page, name: string) => card(page, name).locator('.number').textContent();
const namesOn = (page: Page) => page.locator('.card .name').allTextContents();
const isFocused = (page: Page, selector: string) => page.locator(`${selector}:focus`).isVisible();

it('a number on the page changes when the counter does', async () => {
  const page = await open('#/');
  await eventually(async () => (await numberOf(page, 'votes')) === '700');
  await service.calls.increment('votes', 34);
  await eventually(async () => (await numberOf(page, 'votes')) === '734');
  await service.calls.set('votes', { value: 700 });
  await eventually(async () => (await numberOf(page, 'votes')) === '700');
});

it('a counter that is made while the page is open comes in, and one that is deleted goes', async () => {
  const page = await open('#/');
  await card(page, 'votes').waitFor();
  await service.calls.increment('new', 1);
  await card(page, 'new').waitFor();
  await service.calls.delete('new');
  await card(page, 'new').waitFor({ state: 'detached' });
});

it('search leaves the counters whose names contain it, and says when there are none', async () => {
  const page = await open('#/');
  await card(page, 'votes').waitFor();
  await page.getByRole('searchbox').fill('ge:/');
  await eventually(async () => (await namesOn(page)).join() === 'page:/about,page:/home');
  // A place one can come back to.
  await page.reload();
  await eventually(async () => (await namesOn(page)).join() === 'page:/about,page:/home');
  await page.getByRole('searchbox').fill('pages');
  await page.getByText('No counter’s name contains').waitFor();
  await expectNoFindings(page);
});

it('the list is sorted by name, by value and by change', async () => {
  const page = await open('#/');
  await eventually(async () => (await namesOn(page))[0] === HOSTILE);
  await page.getByText('Value', { exact: true }).click();
  await eventually(async () => (await namesOn(page)).slice(0, 2).join() === 'wide,votes');
  await makeHours(service.databaseUrl);
  await page.getByText('Change', { exact: true }).click();
  await eventually(async () => {
    const changes = await page.locator('.card .today').allTextContents();
    return changes.slice(0, 2).join() === '+9,007,199,254,740,000 in 24 h,+700 in 24 h';
  });
  await page.getByText('Name', { exact: true }).click();
  await eventually(async () => (await namesOn(page))[0] === HOSTILE);
});

it('a card tells of today, with a shape of the last day', async () => {
  const page = await open('#/');
  await card(page, 'votes').getByText('+700 today').waitFor();
  await card(page, 'votes').locator('.spark .running').waitFor();
});

it('the page is worked by keyboard alone', async () => {
  const page = await open('#/');
  await card(page, 'votes').waitFor();
  await page.keyboard.press('/');
  await eventually(() => isFocused(page, 'input[type=search]'));
  await page.keyboard.type('page:');
  await eventually(async () => (await namesOn(page)).length === 2);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'page:/home' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox').waitFor();
  await page.keyboard.press('/');
  // The focus moves after the key: what is typed before goes nowhere.
  await eventually(() => isFocused(page, 'input[type=search]'));
  await page.keyboard.type('zzz');
  await page.getByText('No counter’s name contains').waitFor();
  await page.keyboard.press('Escape');
  await eventually(async () => (await namesOn(page)).length === 5);
});

it('a counter has a page of its own, whose number is live', async () => {
  const page = await open(`#/counters/${encodeURIComponent('page:/home')}`);
  const number = page.locator('.counter .number');
  await eventually(async () => (await number.textContent()) === '12');
  await service.calls.increment('page:/home', 1);
  await eventually(async () => (await number.textContent()) === '13');
  await service.calls.set('page:/home', { value: 12 });
  await page.goto(`${service.app.url}/#/counters/nobody`);
  await page.getByText('There is no counter with this name').waitFor();
});

it('history is drawn over each range, told as a table, and taken along as a file', async () => {
  const page = await open(`#/counters/${encodeURIComponent('votes')}`);
  await page.getByText('The same as a table').click();
  const rows = page.locator('.history .scroll tbody tr');
  for (const [label, count] of [
    ['1 h', 60],
    ['7 d', 168],
    ['30 d', 30],
    ['90 d', 90],
    ['24 h', 24],
  ] as const) {
    await page.getByText(label, { exact: true }).click();
    await eventually(async () => (await rows.count()) === count && (await page.locator('.uplot canvas').isVisible()));
  }
  await service.calls.increment('votes', 300);
  // The newest row is the hour that is running.
  await eventually(async () => (await rows.first().locator('td').last().textContent()) === '1,000');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe('votes-24h.csv');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
  expect(lines[0]).toBe('at,delta,value');
  expect(lines).toHaveLength(25);
  const deltas = lines.slice(1).map((line) => Number(line.split(',')[1]));
  expect(deltas.reduce((sum, delta) => sum + delta, 0)).toBe(1_000);
  await service.calls.set('votes', { value: 700 });
});

it('no name becomes markup, on any page', async () => {
  const page = await open('#/');
  await card(page, HOSTILE).click();
  await page.getByRole('heading', { name: HOSTILE }).waitFor();
  expect(await page.locator('img').count()).toBe(0);
  // The number first: it can be read in a narrow tab.
  await eventually(async () => (await page.title()) === `5 · ${HOSTILE} · evercount`);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toMatch(/^\w[\w.-]*-24h\.csv$/);
  const cells = (await readFile(await file.path(), 'utf8')).trim().split('\r\n').slice(1).join().split(',');
  // Nothing that a spreadsheet would take for a formula.
  expect(cells.filter((cell) => !/^(-?\d+|\d{4}-\d\d-\d\dT[\d:.]+Z)$/.test(cell))).toEqual([]);
  const policy = (await page.reload())?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
});

describe.each([
  ['overview', '#/'],
  ['counter', '#/counters/wide'],
  ['operations', '#/operations'],
])('the page "%s"', (_, hash) => {
  it('fits a phone, without scrolling sideways', async () => {
    const page = await open(hash, { viewport: { width: 400, height: 800 } });
    await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
    if (hash !== '#/operations') await page.locator('.number', { hasText: '9,007,199,254,740,000' }).waitFor();
    const widths = 'JSON.stringify([document.documentElement.scrollWidth, innerWidth])';
    expect(JSON.parse(await page.evaluate<string>(widths))).toEqual([400, 400]);
  });
});

it('is light or dark as the system is, until somebody chooses', async () => {
  const page = await open('#/', { colorScheme: 'dark' });
  const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const dark = await background();
  await page.getByRole('button', { name: 'Light theme' }).click();
  const light = await background();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await background()).toBe(light);
  await page.getByRole('button', { name: 'Dark theme' }).click();
  expect(await background()).toBe(dark);
});

it('what an operator does by hand is asked for, done, and told', async () => {
  const page = await open('#/operations');
  const log = page.getByRole('log');
  for (const [button, outcome] of [
    ['Reconcile', 'no drift'],
    ['Rehydrate', 'filled'],
    ['Flush entries', 'removed'],
  ] as const) {
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('dialog').getByRole('button', { name: button }).click();
    await log.getByText(outcome).waitFor();
  }
  expect(await log.getByRole('listitem').count()).toBe(3);
  await expectNoFindings(page);
});

it('drift is listed with what was cached and what is true', async () => {
  const hand = new CacheHand(service.redis.url);
  const { body } = await service.calls.read('page:/about');
  await eventually(async () => (await hand.value('page:/about'))?.startsWith('E') === true);
  await hand.plant('page:/about', body.version + 1, { ...body, version: body.version + 1, value: 999 });
  hand.close();
  const page = await open('#/operations');
  await page.getByRole('button', { name: 'Reconcile' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reconcile' }).click();
  const row = page.getByRole('row', { name: 'page:/about' });
  await eventually(async () => (await row.locator('td').allTextContents()).slice(0, 3).join() === 'wrong,999,3');
  await page.locator('.verdict', { hasText: 'Drift was found and repaired' }).waitFor();
  await expectNoFindings(page);
});
