/** The dashboard of a service that asks for keys. */
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { seriousFaults } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
let browser: Browser;

const service = withService({
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
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

it.each(['light', 'dark'] as const)(
  'axe finds nothing serious on the form in %s, also with a fault',
  async (scheme) => {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 400, height: 800 } });
    await page.goto(service.app.url);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel('API key').fill('ec_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This key is not known here.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(400);
    await page.close();
  },
);
