/** Can everyone use the page in the states that no other spec brings it into: at first, empty, refused, and without servers? */
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const headers = { authorization: `Bearer ${ADMIN_KEY}` };
const NARROW = { width: 320, height: 800 };

const PAGES = ['#/', '#/counters/a', '#/tree', '#/watches', '#/operations', '#/keys', '#/audit'];

let browser: Browser;

const service = withService({
  ownPostgres: true,
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

async function signedIn(key = ADMIN_KEY): Promise<Page> {
  const context = await browser.newContext({ viewport: NARROW });
  const answer = await context.request.post(`${service.app.url}/v1/session`, { data: { key } });
  expect(answer.ok()).toBe(true);
  return context.newPage();
}

async function post<T>(path: string, json: object): Promise<T> {
  const { body } = await send(service.app.url, 'POST', path, { headers, json });
  return JSON.parse(body) as T;
}

const keyFor = async (scope: string) =>
  (await post<{ secret: string }>('/v1/keys', { label: scope, scopes: [scope], prefix: '' })).secret;

/** Nothing of an earlier place is on the page that is opened. */
async function open(page: Page, hash: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${service.app.url}/${hash}`);
}

/** Whatever was asked for was answered, one way or the other. */
const answered = (page: Page) =>
  eventually(() =>
    page.evaluate<boolean>(`((text) => text !== '' && !/^(Loading|Looking on)$/m.test(text))(
      document.querySelector('main')?.innerText ?? '')`),
  );

it('before anything was answered', async () => {
  const page = await signedIn();
  await page.route('**/v1/**', () => undefined);
  for (const hash of PAGES) {
    await open(page, hash);
    await page.getByText('Loading', { exact: true }).first().waitFor();
    await expectNoFindings(page);
  }
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

it('where there is nothing yet', async () => {
  const page = await signedIn();
  for (const [hash, text] of [
    ['#/', 'There are no counters yet.'],
    ['#/tree', 'There are no counters here.'],
    ['#/watches', 'There are no watches yet.'],
    ['#/keys', 'There are no keys yet.'],
    ['#/audit?action=counter.reset', 'Nothing of that kind is written down.'],
  ] as const) {
    await open(page, hash);
    await page.getByText(text).waitFor();
    await expectNoFindings(page);
  }
});

it.each([
  ['increment', ['#/', '#/counters/a', '#/tree', '#/watches']],
  ['read', ['#/operations', '#/keys', '#/audit']],
])('refused to a key with the scope "%s"', async (scope, hashes) => {
  const page = await signedIn(await keyFor(scope));
  for (const hash of hashes) {
    await open(page, hash);
    await page
      .getByText(/needs a key with the scope|This key may not|scope/)
      .first()
      .waitFor();
    await answered(page);
    await expectNoFindings(page);
  }
});

it('what a link shows: a small page, and a picture', async () => {
  await post('/v1/counters/a/increment', { by: 5 });
  const { token } = await post<{ token: string }>('/v1/links', { label: 'of a', name: 'a' });
  const page = await browser.newPage({ viewport: NARROW });
  for (const label of ['', '&label=']) {
    await page.goto(`${service.app.url}/embed/a?link=${token}${label}`);
    await page.locator('output', { hasText: '5' }).waitFor();
    await expectNoFindings(page);
  }
  await page.goto(`${service.app.url}/badge/a.svg?link=${token}`);
  await page.locator('svg').waitFor();
  await expectNoFindings(page);
});

it('before a counter is reset, and while live changes are interrupted', async () => {
  const page = await signedIn();
  await open(page, '#/counters/a');
  await page.getByRole('button', { name: 'Reset…' }).click();
  await page.getByRole('dialog').getByText('It becomes 0').waitFor();
  await expectNoFindings(page);
  await page.route('**/v1/stream?**', (route) => route.abort());
  for (const hash of ['#/counters/a', '#/']) {
    await open(page, hash);
    await page.locator('.verdict', { hasText: 'Live changes interrupted' }).waitFor();
    await expectNoFindings(page);
  }
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

it('while the script of the other views cannot be had; it is asked for until it can', async () => {
  const page = await signedIn();
  await page.route('**/assets/elsewhere-*.js', (route) => route.abort());
  await open(page, '#/tree');
  await page.getByText('This part of the page cannot be had right now; trying again.').waitFor();
  await expectNoFindings(page);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('heading', { name: 'Tree' }).waitFor();
});

it('without Redis, without the service, and without Postgres', async () => {
  const page = await signedIn();
  const wall = await page.context().newPage();
  await open(wall, '#/?wall=yes');
  await wall.locator('.wall li').waitFor();
  await open(page, '#/operations');
  await page.locator('.panels dd').first().waitFor();
  await service.redis.kill();
  await page.getByText('The queue cannot be reached.').waitFor();
  await expectNoFindings(page);
  await wall.locator('.verdict', { hasText: 'Redis is away' }).waitFor();
  await expectNoFindings(wall);
  await wall.close();
  await service.redis.restart();

  await page.route('**/*', (route) => route.abort());
  await page.getByText('The service does not answer.').first().waitFor();
  await expectNoFindings(page);
  await page.unrouteAll({ behavior: 'ignoreErrors' });

  await service.postgres.kill();
  for (const hash of PAGES) {
    await open(page, hash);
    await page.locator('.verdict', { hasText: 'Postgres is away' }).waitFor();
    await answered(page);
    await expectNoFindings(page);
  }
  const stranger = await browser.newPage({ viewport: NARROW });
  await open(stranger, '#/');
  await stranger.getByLabel('API key').fill('ec_of_somebody');
  await stranger.keyboard.press('Enter');
  await eventually(async () => (await stranger.locator('.sign-in .fault').textContent()) !== '');
  await expectNoFindings(stranger);
  await service.postgres.restart();
});
