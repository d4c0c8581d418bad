/** The example page in a real browser: it counts its views with a key that everybody can read, and that does nothing else. */
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { startBrowser } from '../support/chromium.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY },
  ending: async () => {
    await browser.close();
    for (const server of sites) server.close();
  },
});
let browser: Browser;
const sites: Server[] = [];
let key: string;
let own: string;
let foreign: string;

beforeAll(async () => {
  [own, foreign] = [await site(), await site()];
  const wish = { label: 'views', scopes: ['increment'], prefix: 'page:', expiresAt: null, origins: [own] } as const;
  key = (await service.app.nest.get(KeyAdministration).create({ ...wish, perSecond: 50, maxNames: 3 })).key;
  browser = await startBrowser();
});

/** Serves the example as it is, with the address and the key filled in, as whoever copies it does. */
async function site(): Promise<string> {
  const server = createServer((request, response) => {
    const name = request.url === '/views.js' ? 'views.js' : 'index.html';
    response.setHeader('content-type', name === 'views.js' ? 'text/javascript' : 'text/html');
    void readFile(`examples/page-views/${name}`, 'utf8').then((text) =>
      response.end(
        text
          .replace('data-service="https://counts.example.org"', `data-service="${service.app.url}"`)
          .replace('"ec_…"', `"${key}"`),
      ),
    );
  });
  sites.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const shown = async (page: Page): Promise<string | null> => {
  await page.waitForFunction(`document.getElementById('views').textContent !== '…'`);
  return page.textContent('#views');
};

const valueOf = async (name: string) => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const { status, body } = await send(service.app.url, 'GET', `/v1/counters/${encodeURIComponent(name)}`, { headers });
  return status === 404 ? null : (JSON.parse(body) as { value: number }).value;
};

it('each time it is shown is counted once, and it says so', async () => {
  const page = await browser.newPage();
  for (const views of ['1', '2', '3']) {
    await page.goto(`${own}/`);
    expect(await shown(page)).toBe(views);
  }
  expect(await valueOf('page:/')).toBe(3);
  await page.close();
});

it('its key does nothing else, whatever is run on the page', async () => {
  const page = await browser.newPage();
  await page.goto(`${own}/`);
  await shown(page);
  const tried = await page.evaluate<Record<string, string | number>>(`(async () => {
    const attempt = (method, path, body) =>
      fetch('${service.app.url}' + path, {
        method,
        headers: { authorization: 'Bearer ${key}', ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }).then((answer) => answer.status, () => 'kept from the page');
    return {
      read: await attempt('GET', '/v1/counters/page%3A%2F'),
      list: await attempt('GET', '/v1/counters'),
      set: await attempt('PUT', '/v1/counters/page%3A%2F', { value: 0 }),
      reset: await attempt('POST', '/v1/counters/page%3A%2F/reset'),
      remove: await attempt('DELETE', '/v1/counters/page%3A%2F'),
      keys: await attempt('GET', '/v1/keys'),
      other: await attempt('POST', '/v1/counters/bank/increment'),
      more: await attempt('POST', '/v1/increments', { increments: [{ name: 'page:b' }, { name: 'page:c' }] }),
      quota: await attempt('POST', '/v1/counters/page%3Ad/increment'),
    };
  })()`);
  expect(tried).toEqual({
    ...Object.fromEntries(
      ['read', 'list', 'set', 'reset', 'remove', 'keys'].map((what) => [what, 'kept from the page']),
    ),
    other: 403,
    more: 200,
    quota: 403,
  });
  expect([await valueOf('bank'), await valueOf('page:d')]).toEqual([null, null]);
  await page.close();
});

it('what browsers keep from the page is refused to whoever uses no browser, too', async () => {
  const headers = { authorization: `Bearer ${key}`, origin: own };
  for (const [method, path, json] of [
    ['GET', '/v1/counters/page:%2F'],
    ['GET', '/v1/counters'],
    ['PUT', '/v1/counters/page:%2F', { value: 0 }],
    ['POST', '/v1/counters/page:%2F/reset'],
    ['DELETE', '/v1/counters/page:%2F'],
    ['POST', '/v1/reads', { names: ['page:/'] }],
    ['GET', '/v1/keys'],
    ['GET', '/v1/stream?name=page:/'],
  ] as const) {
    const { status } = await send(service.app.url, method, path, { headers, ...(json === undefined ? {} : { json }) });
    expect([method, path, status]).toEqual([method, path, 403]);
  }
});

it('a copy of the page at another origin counts nothing', async () => {
  const before = await valueOf('page:/');
  const page = await browser.newPage();
  await page.goto(`${foreign}/`);
  expect(await shown(page)).toBe('unknown');
  expect(await valueOf('page:/')).toBe(before);
  await page.close();
});
