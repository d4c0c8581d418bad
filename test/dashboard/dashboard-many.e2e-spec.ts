/** A hundred thousand counters on the page: all can be come to, by scrolling, by a part of a name, by the tree; and soon. */
import { createServer, type Server } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { testBuckets } from '../support/buckets.js';
import { startBrowser } from '../support/chromium.js';
import { insertCounters, namesOf } from '../support/counter-rows.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const IN_STOCK = 97_000;
const SHELVES = 10;
const IN_TILL = 2_999;
const LAST = 'zz:needle';

const SLOW_4G = { latency: 562.5, downloadThroughput: (1.6e6 / 8) * 0.9, uploadThroughput: (750e3 / 8) * 0.9 };
/** Milliseconds that each request waits, and bytes a second: of 4G as the tools of the browser have it, and so that waits are all that counts. */
const NETWORKS = {
  'Slow 4G': SLOW_4G,
  'Fast 4G': { latency: 165, downloadThroughput: (9e6 / 8) * 0.9, uploadThroughput: (1.5e6 / 8) * 0.9 },
  'far away': { ...SLOW_4G, latency: 1_500 },
};
/** How much slower a phone computes, as these tools have it. */
const SLOW = 4;

const till = (n: number) => `till:${String(n).padStart(6, '0')}`;
const sumTo = (n: number) => (n * (n + 1)) / 2;
const shown = (value: number) => value.toLocaleString('en-US');

let browser: Browser;
let constant: Server;

const service = withService({
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
    constant.close();
  },
});

beforeAll(async () => {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  const six = (n: number) => String(n).padStart(6, '0');
  const stock = namesOf(IN_STOCK, (n) => `stock:${n % SHELVES}:${six(n)}`);
  await insertCounters(database, testBuckets, stock, (place) => place + 1);
  await insertCounters(
    database,
    testBuckets,
    namesOf(IN_TILL, (n) => `till:${six(n)}`),
    (place) => place + 1,
  );
  await insertCounters(database, testBuckets, [LAST]);
  await database.query('VACUUM ANALYZE counters');
  await database.end();
  browser = await startBrowser();
  constant = createServer();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

async function signedIn(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  const answer = await context.request.post(`${service.app.url}/v1/session`, { data: { key: ADMIN_KEY } });
  expect(answer.ok()).toBe(true);
  return context.newPage();
}

async function open(hash: string): Promise<Page> {
  const page = await signedIn();
  await page.goto(`${service.app.url}/${hash}`);
  return page;
}

const card = (page: Page, name: string) => page.locator('.card', { hasText: name });

it('the list goes on by the End key up to the last name, and the list says that it was', async () => {
  const page = await open('#/?prefix=till%3A');
  await page.locator('.total', { hasText: `2,999 counters, ${shown(sumTo(IN_TILL))} in all` }).waitFor();
  await card(page, till(1)).focus();
  await eventually(async () => {
    await page.keyboard.press('End');
    return card(page, till(IN_TILL)).isVisible();
  });
  await page.locator('.end', { hasText: 'That is all: 2,999 counters.' }).waitFor();
  expect(await page.locator('.card').count()).toBeLessThan(500);
});

it('a part of a name finds the last of all, and nothing is said to be absent before all were looked through', async () => {
  const page = await open('#/');
  await page.locator('.total', { hasText: '100,000 counters' }).waitFor();
  await page.evaluate(`
    said = [];
    new MutationObserver(() => said.push(document.querySelector('.note').textContent))
      .observe(document.querySelector('.note'), { characterData: true, childList: true, subtree: true });
  `);
  // What a service says that has come half way when the time of one look is over.
  const half = { data: [], hasMore: true, nextCursor: Buffer.from('stock:5:').toString('base64url') };
  const onlyHalf = () => page.route(/search=needle&/, (route) => route.fulfill({ json: half }), { times: 1 });
  await onlyHalf();
  await page.getByRole('searchbox').fill('needle');
  await eventually(async () => (await page.locator('.card').allTextContents()).join().startsWith(LAST));
  expect((await page.evaluate<string[]>('said')).filter((text) => text.startsWith('No counter'))).toEqual([]);
  await page.getByRole('searchbox').fill('needles');
  await page.getByText('No counter’s name contains “needles”.').waitFor();

  await onlyHalf();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Go to a counter' }).fill('needle');
  await page.getByRole('option', { name: LAST }).waitFor();
});

it('the tree tells how many are below each part, and their sums', async () => {
  const page = await open('#/tree');
  const row = (name: string) => page.getByRole('row', { name }).locator('td');
  await row('stock:').first().waitFor();
  expect(await row('stock:').allTextContents()).toEqual([shown(IN_STOCK), shown(sumTo(IN_STOCK))]);
  await page.getByRole('link', { name: 'stock:' }).click();
  const shelf = Array.from({ length: IN_STOCK / SHELVES }, (_, index) => index * SHELVES + 3);
  await row('3:').first().waitFor();
  expect(await row('3:').allTextContents()).toEqual([
    shown(shelf.length),
    shown(shelf.reduce((sum, value) => sum + value, 0)),
  ]);
});

it('what begins alike is shown to others by one link, which shows nothing else, until it is ended', async () => {
  const page = await open('#/tree?prefix=till%3A');
  await page.getByText('Show them to others').click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const address = (await page.getByLabel('Small page').textContent()) ?? '';
  expect(address).toContain(`/embed/${encodeURIComponent(till(1))}?link=el_`);
  const statusOf = async (name: string) =>
    (await heldFetch(address.replace(encodeURIComponent(till(1)), encodeURIComponent(name)))).status;
  expect([await statusOf(till(1)), await statusOf(till(2)), await statusOf(LAST)]).toEqual([200, 200, 403]);
  await expectNoFindings(page);
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByRole('dialog').getByText('what begins with “till:”').waitFor();
  await expectNoFindings(page);
  await page.getByRole('dialog').getByRole('button', { name: 'End the link' }).click();
  await eventually(async () => (await page.getByLabel('Small page').count()) === 0);
  await eventually(async () => (await statusOf(till(2))) === 401);
});

interface Phone {
  readonly network: keyof typeof NETWORKS;
  readonly timesSlower: number;
}

/** Milliseconds from the navigation to what is first seen, as the page itself measures them, on a phone far away. */
async function firstSeen(address: string, selector: string, { network, timesSlower }: Phone): Promise<number> {
  const page = await signedIn();
  const context = page.context();
  const phone = await context.newCDPSession(page);
  await phone.send('Emulation.setCPUThrottlingRate', { rate: timesSlower });
  await phone.send('Network.enable');
  await phone.send('Network.emulateNetworkConditions', { offline: false, ...NETWORKS[network] });
  await page.addInitScript(`
    globalThis.seenMs = null;
    const look = () => {
      if (document.querySelector('${selector}')?.textContent) seenMs = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);`);
  await page.goto(address);
  await eventually(async () => (await page.evaluate('seenMs')) !== null);
  const seenMs = await page.evaluate<number>('seenMs');
  await context.close();
  return seenMs;
}

/** A page of as many bytes as come before the first look at the real one, which asks for one thing and shows it. */
async function serveConstant(): Promise<string> {
  const { body: own } = await send(service.app.url, 'GET', '/');
  const paths = [...own.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  const files = await Promise.all(paths.map(async (path) => (await send(service.app.url, 'GET', path)).body));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  const script = `/* ${randomBytes(bytes / 2).toString('hex')} */
    fetch('/value').then((answer) => answer.text()).then((text) => { document.querySelector('p').textContent = text; });`;
  const html = '<!doctype html><p></p><script src="/script.js"></script>';
  constant.on('request', ({ url }, response) => {
    const [type, body] =
      url === '/script.js' ? ['javascript', script] : url === '/value' ? ['plain', '1'] : ['html', html];
    response.setHeader('content-type', `text/${type}`).end(body);
  });
  constant.listen(0, '127.0.0.1');
  await eventually(() => constant.listening);
  return `http://127.0.0.1:${(constant.address() as AddressInfo).port}/`;
}

it('far away the first number is there sooner than on a page of its weight that asks when its script is there', async () => {
  const own = (phone: Phone) => firstSeen(`${service.app.url}/`, '.card .number', phone);
  for (const network of ['Slow 4G', 'Fast 4G'] as const) {
    const ms = await own({ network, timesSlower: SLOW });
    console.info(`the first number after ${ms.toFixed()} ms, with ${network} and a processor ${SLOW} times slower`);
  }
  const address = await serveConstant();
  const phone: Phone = { network: 'far away', timesSlower: 1 };
  await eventually(async () => {
    const [plainMs, ownMs] = [await firstSeen(address, 'p', phone), await own(phone)];
    console.info(`far away after ${ownMs.toFixed()} ms; on a page of its weight ${plainMs.toFixed()} ms`);
    return ownMs < plainMs;
  });
});
