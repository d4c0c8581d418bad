/** The dashboard of a service that asks for keys. */
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { DEEDS } from '../../src/domain/deed.js';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
/** Of two pages of the audit, a hundred rows each. */
const MANY = 101;
const headers = { authorization: `Bearer ${ADMIN_KEY}` };
let browser: Browser;

const service = withService({
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  await eventually(
    async () => (await send(service.app.url, 'POST', '/v1/counters/a/increment', { headers })).status === 200,
  );
  browser = await startBrowser();
});

it('nothing is shown before a key was given, nor after signing out; the key stays nowhere', async () => {
  const page = await browser.newPage();
  await page.goto(`${service.app.url}/#/counters/a`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await page.locator('.number').count()).toBe(0);

  await page.getByLabel('API key').fill('ec_wrong');
  await page.keyboard.press('Enter');
  await page.getByText('This key is not known here.').waitFor();

  await page.getByLabel('API key').fill(ADMIN_KEY);
  await page.keyboard.press('Enter');
  await page.locator('.counter .number', { hasText: '1' }).waitFor();
  await page.reload();
  await page.locator('.counter .number', { hasText: '1' }).waitFor();
  const stored = await page.evaluate<string>('JSON.stringify([{ ...localStorage }, document.cookie])');
  expect(stored).toBe('[{},""]');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect((await page.context().cookies()).filter(({ value }) => value !== '')).toEqual([]);
});

async function makeKey(wish: object): Promise<string> {
  const { body } = await send(service.app.url, 'POST', '/v1/keys', { headers, json: wish });
  return (JSON.parse(body) as { secret: string }).secret;
}

async function signedIn(key: string, hash: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${service.app.url}/${hash}`);
  await page.getByLabel('API key').fill(key);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

const rowsOf = async (page: Page) =>
  Promise.all((await page.locator('.audit tbody tr').all()).map((row) => row.locator('th, td').allTextContents()));

it('the audit tells who set a counter, from where, what it was before and after, and of no increment', async () => {
  const shop = { authorization: `Bearer ${await makeKey({ label: 'the shop', scopes: ['write'], prefix: '' })}` };
  const path = '/v1/counters/sold%3Atoday';
  await send(service.app.url, 'POST', `${path}/increment`, { headers: shop, json: { by: 5 } });
  await send(service.app.url, 'PUT', path, { headers: shop, json: { value: 2_000, max: 9_000 } });
  await send(service.app.url, 'POST', `${path}/increment`, { headers: shop, json: { by: 5 } });
  await send(service.app.url, 'DELETE', path, { headers });
  const page = await signedIn(ADMIN_KEY, '#/audit?subject=sold%3Atoday');
  await page.getByRole('row', { name: 'Counter deleted' }).waitFor();
  const from = '127.0.0.1, HTTP';
  expect((await rowsOf(page)).map(([, ...cells]) => cells)).toEqual([
    ['Counter deleted', 'sold:today', 'the key of the configuration', from, '2,005, highest: 9,000', 'gone'],
    ['Counter set', 'sold:today', 'the shop', from, '5, highest: none', '2,000, highest: 9,000'],
  ]);

  await page.getByRole('link', { name: 'the shop' }).click();
  await eventually(() => page.url().includes('actor='));
  await page.locator('select[name=action]').selectOption('counter.reset');
  await page.getByText('Nothing of that kind is written down.').waitFor();
  expect(page.url()).toContain('action=counter.reset');
  const kinds = page.locator('select[name=action]').locator('option');
  expect(await Promise.all((await kinds.all()).map((kind) => kind.getAttribute('value')))).toEqual(['', ...DEEDS]);
  await page.goBack();
  await page.getByRole('row', { name: 'Counter set' }).waitFor();
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('row', { name: 'Signed in' }).filter({ hasText: 'in a browser' }).first().waitFor();
  await page.close();
});

it('the audit goes on further back when it is asked to, and the newest stays first', async () => {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  await database.query(
    `INSERT INTO audit (action, actor, is_session, via, subject)
     SELECT 'counter.set', 'off', false, 'resp', 'row ' || n FROM generate_series(1, $1::int) AS n`,
    [MANY],
  );
  await database.end();
  const page = await signedIn(ADMIN_KEY, '#/audit?actor=off');
  await eventually(async () => (await rowsOf(page)).length === MANY - 1);
  await page.getByRole('button', { name: 'Show more' }).click();
  await eventually(async () => (await rowsOf(page)).length === MANY);
  const names = (await rowsOf(page)).map(([, , name]) => name);
  expect([names.at(0), names.at(-1)]).toEqual([`row ${MANY}`, 'row 1']);
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
  await page.close();
});

it('who may only read is offered neither the audit nor to mute a watch', async () => {
  await send(service.app.url, 'POST', '/v1/watches', {
    headers,
    json: { name: 'a', when: { above: 5 }, label: 'of a' },
  });
  const page = await signedIn(await makeKey({ label: 'reader', scopes: ['read'], prefix: '' }), '#/watches');
  await page.locator('.watch-list', { hasText: 'of a' }).waitFor();
  expect(await page.getByRole('button', { name: 'Mute' }).count()).toBe(0);
  expect(await page.locator('header nav a').allTextContents()).toEqual(['Counters', 'Tree', 'Watches']);
  await page.goto(`${service.app.url}/#/audit`);
  await page.getByText('This needs a key with the scope "admin".').waitFor();
  await page.close();
});

it('a key is made, seen once, rotated and revoked', async () => {
  const page = await signedIn(ADMIN_KEY, '#/keys');
  const shown = page.locator('.secret pre');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Label').fill('for a test');
  await page.getByRole('dialog').getByText('write', { exact: true }).click();
  await expectNoFindings(page);
  await page.getByRole('button', { name: 'Make it' }).click();
  await eventually(async () => ((await shown.textContent()) ?? '').startsWith('ec_'));
  const first = await shown.textContent();
  const row = page.getByRole('row', { name: 'for a test' });
  await row.getByText('never').waitFor();
  await row.getByRole('button', { name: 'Rotate for a test' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate for a test' }).click();
  await eventually(async () => (await shown.textContent()) !== first);
  await expectNoFindings(page);
  await row.getByRole('button', { name: 'Revoke for a test' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke for a test' }).click();
  await row.getByText('revoked').waitFor();
  await expectNoFindings(page);
  await page.close();
});

it('axe finds nothing on the form, also with a fault', async () => {
  const page = await browser.newPage({ viewport: { width: 320, height: 800 } });
  await page.goto(service.app.url);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await expectNoFindings(page);
  await page.getByLabel('API key').fill('ec_wrong');
  await page.keyboard.press('Enter');
  await page.getByText('This key is not known here.').waitFor();
  await expectNoFindings(page);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(320);
  await page.close();
});
