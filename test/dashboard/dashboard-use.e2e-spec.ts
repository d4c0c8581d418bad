/** Many names, comparisons, and what is done by hand: what people use the page for, in a real browser. */
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { WatchEvaluator } from '../../src/counters/watches/watch-evaluator.js';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { makeHours } from '../support/history.js';
import { withService } from '../support/service.js';

const MANY = 1_000;
const nameOf = (index: number) => `many:${String(index).padStart(4, '0')}`;
/** How soon a change must be seen is held to a multiple of what the machine takes for a call, since others work on it too. */
const SOON_MS = 10_000;

let browser: Browser;
let faults: string[] = [];

const service = withService({
  inside: true,
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  const increments = Array.from({ length: MANY }, (_, index) => ({ name: nameOf(index), by: index + 1 }));
  // A service that has just begun may refuse a write.
  await eventually(async () => (await service.calls.batch({ increments })).status === 200);
  await service.calls.increment('orders:paid', 70);
  await service.calls.increment('orders:placed', 30);
  await service.calls.set('guarded', { value: 5 });
  await service.calls.call('POST', '/v1/watches', { name: 'guarded', when: { above: 10 }, label: 'too many' });
  await service.calls.call('POST', '/v1/watches', { prefix: 'guarded', when: { silent: '2d' }, muted: true });
  await makeHours(service.databaseUrl);
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  expect(faults).toEqual([]);
});

async function open(hash: string, width = 1_280): Promise<Page> {
  faults = [];
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${service.app.url}/${hash}`);
  return page;
}

const card = (page: Page, name: string) => page.locator('.card', { hasText: name });
const valueOf = async (name: string) => (await service.calls.read(name)).body.value;

it('a list of a thousand is scrolled to its end, which says so, and holds few cards', async () => {
  const page = await open('#/?prefix=many%3A');
  await card(page, nameOf(0)).waitFor();
  await eventually(async () => {
    await page.mouse.wheel(0, 20_000);
    return page.locator('.end', { hasText: 'That is all: 1,000 counters.' }).isVisible();
  });
  await card(page, nameOf(MANY - 1)).waitFor();
  expect(await page.locator('.card').count()).toBeLessThan(500);
  // Ranks end after the first hundred, and say where the others are.
  await page.getByText('Value', { exact: true }).click();
  await page.getByText('These are the first 100 by value.').waitFor();
  await page.getByRole('button', { name: 'Show all by name' }).click();
  await card(page, nameOf(0)).waitFor();
});

it('the 900th card is as fresh as the first', async () => {
  const page = await open('#/?prefix=many%3A');
  await card(page, nameOf(0)).waitFor();
  await eventually(async () => {
    await page.mouse.wheel(0, 4_000);
    return card(page, nameOf(899)).isVisible();
  });
  await eventually(async () => {
    // Turns of the wheel may still be under way; the stream that watches what is in sight begins after them.
    await card(page, nameOf(899)).scrollIntoViewIfNeeded();
    const { body } = await service.calls.increment(nameOf(899), 1);
    const shown = body.value.toLocaleString('en-US');
    await eventually(async () => (await card(page, nameOf(899)).locator('.number').textContent()) === shown, SOON_MS);
    return true;
  });
});

it('names are gone through by arrow keys, and found by Ctrl-K from anywhere', async () => {
  const page = await open('#/keys');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Go to a counter' }).fill('0777');
  await page.getByRole('option', { name: nameOf(777) }).waitFor();
  await expectNoFindings(page);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: nameOf(777) }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Go to a counter' }).waitFor();
  await page.keyboard.type('no such thing');
  await page.getByText('Nothing is called that.').waitFor();
  await expectNoFindings(page);
  await page.getByRole('combobox', { name: 'Go to a counter' }).fill('tree');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Tree' }).waitFor();
});

it('names make a tree, with numbers and sums of what is below', async () => {
  const page = await open('#/tree');
  const row = page.getByRole('row', { name: 'orders:' });
  await eventually(async () => (await row.locator('td').allTextContents()).join() === '2,100');
  await page.getByRole('link', { name: 'orders:' }).click();
  await page.getByRole('row', { name: 'paid' }).waitFor();
  expect(page.url()).toContain('prefix=orders%3A');
  await expectNoFindings(page);
  await page.goBack();
  await row.waitFor();
});

it('change is what is shown first; others are put beside it, and all of it stands in the address', async () => {
  const page = await open('#/counters/orders%3Apaid');
  await page.locator('.history .total', { hasText: '+70 in 24 h' }).waitFor();
  await page.locator('.u-legend', { hasText: 'Change' }).waitFor();
  await page.getByText('7 d', { exact: true }).click();
  await page.getByLabel('Compare with another counter').fill('orders:placed');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.locator('.u-legend', { hasText: 'orders:placed' }).waitFor();
  await page.getByText('Value', { exact: true }).click();
  await eventually(() => page.url().includes('draw=value'));
  const address = page.url();
  expect(address).toContain('range=7d');
  expect(address).toContain('with=orders%3Aplaced');
  await page.goto('about:blank');
  await page.goto(address);
  await page.locator('.u-legend', { hasText: 'orders:placed' }).waitFor();
  expect(await page.getByLabel('Value', { exact: true }).isChecked()).toBe(true);
  await page.getByRole('button', { name: 'Take orders:placed off the chart' }).click();
  await eventually(() => !page.url().includes('with='));
});

it('a stretch is drawn over to look closer, and the way back is the browser’s', async () => {
  const page = await open('#/counters/orders%3Apaid?range=7d');
  const over = page.locator('.u-over');
  await over.waitFor();
  const box = await over.boundingBox();
  if (box === null) throw new Error('no chart');
  await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await eventually(() => /from=.*&to=/.test(page.url()));
  await page.locator('.history .total', { hasText: ' from ' }).waitFor();
  const form = page.locator('.range-form');
  await form.getByLabel('To').fill(await form.getByLabel('From').inputValue());
  await form.getByRole('button', { name: 'Show' }).click();
  await form.getByText('It must begin before it ends.').waitFor();
  await expectNoFindings(page);
  await page.goBack();
  await page.locator('.history .total', { hasText: 'in 7 d' }).waitFor();
});

it('the chart is taken along as a picture', async () => {
  const page = await open('#/counters/orders%3Apaid');
  await page.locator('.uplot canvas').waitFor();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download PNG' }).click();
  expect((await saved).suggestedFilename()).toBe('orders-paid-24h.png');
});

it('a counter is made, counted, set and deleted by hand; what can be taken back is', async () => {
  const page = await open('#/');
  await page.getByRole('button', { name: 'New counter' }).click();
  await page.getByLabel('Name', { exact: true }).last().fill('guarded');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('dialog').getByText('There is a counter “guarded” already.').waitFor();
  await expectNoFindings(page);
  await page.getByLabel('Name', { exact: true }).last().fill('by:hand');
  await page.getByLabel('Value', { exact: true }).last().fill('10');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('heading', { name: 'by:hand' }).waitFor();

  const done = page.locator('.done');
  await page.getByRole('button', { name: '+1' }).click();
  await done.getByText('it is 11 now').waitFor();
  await done.getByRole('button', { name: 'Undo' }).click();
  await done.getByText('it is 10 now').waitFor();
  await page.getByRole('button', { name: 'Set…', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Value').fill('500');
  await expectNoFindings(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Set', exact: true }).click();
  await done.getByText('Set to 500.').waitFor();
  expect(await valueOf('by:hand')).toBe(500);
  // Somebody counted: to go back would lose that.
  await service.calls.increment('by:hand', 1);
  await done.getByRole('button', { name: 'Undo' }).click();
  await done.getByText('Nothing was done').waitFor();
  expect(await valueOf('by:hand')).toBe(501);

  await page.getByRole('button', { name: 'Bounds…' }).click();
  await page.getByRole('dialog').getByLabel('Highest allowed').fill('501');
  await expectNoFindings(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Set bounds' }).click();
  await done.getByText('The bounds are set.').waitFor();
  await page.getByRole('button', { name: '+1' }).click();
  await eventually(async () => /bound|max/i.test((await done.textContent()) ?? ''));
  await expectNoFindings(page);

  await page.getByRole('button', { name: 'Expiry…' }).click();
  await page.getByRole('dialog').getByLabel('Unit').waitFor();
  await expectNoFindings(page);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByText('“by:hand”').waitFor();
  await expectNoFindings(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete by:hand' }).click();
  await done.getByText('Deleted.').waitFor();
  await expectNoFindings(page);
  await done.getByRole('button', { name: 'Make a new one with 501' }).click();
  await page.locator('.counter .number', { hasText: '501' }).waitFor();
});

it('a watch that fires says so on both pages, first and in words; muted it says muted, and is told of as before after that', async () => {
  const page = await open('#/watches');
  const items = page.locator('.watch-list li');
  const standsAs = (words: RegExp) => async () => {
    await service.app.nest.get(WatchEvaluator, { strict: false }).runOnce();
    return words.test((await items.allTextContents()).join('|'));
  };
  await eventually(standsAs(/OKtoo many guardedFires while it is above 10/));
  await eventually(standsAs(/OKmuted each counter that begins with guardedFires when nothing was written for 2 days/));
  await page.getByText('2 watches: none fires.').waitFor();
  await service.calls.increment('guarded', 6);
  await eventually(standsAs(/^Firingtoo many/));
  await page.getByText('2 watches: one fires.').waitFor();

  await page.getByRole('link', { name: 'guarded' }).first().click();
  await page.getByRole('heading', { name: 'Watches' }).waitFor();
  await eventually(standsAs(/^Firingtoo many.*\|OKmuted/));
  await page.getByRole('button', { name: 'Mute too many' }).click();
  await eventually(standsAs(/^Firingmutedtoo many.*Muted: nobody is told/));
  await expectNoFindings(page);
  await page.getByRole('link', { name: 'Watches' }).click();
  await page.getByText('2 watches: none fires.').waitFor();
  await page.getByRole('button', { name: 'Unmute too many' }).click();
  await page.getByText('2 watches: one fires.').waitFor();
});

it.each([320, 2_560])('at %i pixels nothing is wider than the window', async (width) => {
  for (const [hash, ready] of [
    ['#/', '.card'],
    ['#/counters/orders%3Apaid?with=orders%3Aplaced', 'canvas'],
    ['#/tree', '.tree table'],
    ['#/keys', '.keys h1'],
    ['#/counters/guarded', '.watch-list li'],
    ['#/watches', '.watch-list li'],
    ['#/audit', '.audit tbody tr'],
    ['#/operations', '.panels dd'],
  ] as const) {
    const page = await open(hash, width);
    await page.locator(ready).first().waitFor();
    expect([hash, await page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([hash, width]);
    await page.close();
  }
});
