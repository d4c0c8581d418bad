/** What the pages of others can make a real browser do to a service that asks for no key. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/chromium.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService({
  ending: async () => {
    await browser.close();
    evil.close();
  },
});
let browser: Browser;
let evil: Server;
let page: Page;
beforeAll(async () => {
  evil = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>evil</title><p>nothing to see');
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
});

/** Runs it on the page of another origin, and waits until what it sent was answered. */
async function attempt(script: string): Promise<number | undefined> {
  const answered = page.waitForResponse((response) => response.url().startsWith(service.app.url));
  await page.evaluate(script);
  return (await answered).status();
}

it.each([
  [
    'a call without a look at the answer',
    (url: string) => `void fetch('${url}', { method: 'POST', mode: 'no-cors' }).catch(() => 0)`,
  ],
  [
    'a call without a referrer',
    (url: string) =>
      `void fetch('${url}', { method: 'POST', mode: 'no-cors', referrerPolicy: 'no-referrer' }).catch(() => 0)`,
  ],
  ['a beacon', (url: string) => `navigator.sendBeacon('${url}')`],
  [
    'a form',
    (url: string) => `(() => {
      const frame = Object.assign(document.createElement('iframe'), { name: 'target' });
      const form = Object.assign(document.createElement('form'), { method: 'post', action: '${url}', target: 'target' });
      document.body.append(frame, form);
      form.submit();
    })()`,
  ],
])("another site's page counts nothing by %s", async (_what, script) => {
  expect(await attempt(script(`${service.app.url}/v1/counters/browser/increment`))).toBe(403);
  expect((await send(service.app.url, 'GET', '/v1/counters/browser')).status).toBe(404);
  expect(await attempt(script(`${service.app.url}/v1/admin/cache/flush`))).toBe(403);
});

it('the pages of this service can still count', async () => {
  const own = await browser.newPage();
  await own.goto(service.app.url);
  const counted = `fetch('/v1/counters/mine/increment', { method: 'POST' }).then((answer) => answer.status)`;
  expect(await own.evaluate<number>(counted)).toBe(200);
  await own.close();
});

it.each(['/', '/docs', '/problems/forbidden', '/v1/counters'])('%s is shown in no frame', async (path) => {
  const framed = page.waitForResponse((response) => response.url() === `${service.app.url}${path}`);
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement('iframe'), { src: '${service.app.url}${path}', id: 'framed' }))`,
  );
  const headers = (await framed).headers();
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  for (const frame of page.frames()) {
    expect((await frame.evaluate<string>('location.href')).startsWith(service.app.url)).toBe(false);
  }
  await page.evaluate(`document.getElementById('framed').remove()`);
});
