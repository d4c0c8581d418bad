/** How the dashboard is served, what it weighs, and whether everyone can use it. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { startApp, type TestApp } from './support/app.js';
import { startBrowser } from './support/chromium.js';
import { CounterCalls } from './support/counter-calls.js';
import { send } from './support/http.js';
import { startRedis, type TestRedis } from './support/servers.js';
import { createTestDatabase } from './support/shared-postgres.js';

jest.setTimeout(90_000);

/** All that a browser fetches to show any of its pages. */
const MAX_COMPRESSED_BYTES = 100_000;

let redis: TestRedis;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  redis = await startRedis();
  app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: redis.url });
  const calls = new CounterCalls(app.url);
  for (const name of ['a', 'b', 'c']) await calls.increment(name, 7);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.stop();
  await redis.stop();
});

const assetsOf = (html: string) => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);

it('the whole page weighs less than 100 KB compressed, and all of it comes from the package', async () => {
  const { body: html } = await send(app.url, 'GET', '/');
  const paths = assetsOf(html);
  expect(paths).toHaveLength(4);
  let bytes = gzipSync(html).length;
  for (const path of paths) {
    expect(path).toMatch(/^\/assets\//);
    const { status, body } = await send(app.url, 'GET', path);
    expect([path, status]).toEqual([path, 200]);
    bytes += gzipSync(body).length;
  }
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(MAX_COMPRESSED_BYTES);
});

it('the page is asked for again each time and answered from the cache, its parts are kept for ever', async () => {
  const page = await send(app.url, 'GET', '/');
  expect(page.headers['cache-control']).toBe('no-cache');
  const { etag = '' } = page.headers;
  expect((await send(app.url, 'GET', '/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  for (const path of assetsOf(page.body)) {
    const { headers } = await send(app.url, 'GET', path);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
  expect((await send(app.url, 'GET', '/assets/main.js')).status).toBe(404);
  expect((await send(app.url, 'GET', '/assets/..%2Fpackage.json')).status).toBe(404);
});

it.each([
  ['br, gzip', 'br'],
  ['gzip, deflate', 'gzip'],
  ['identity', undefined],
])('who takes "%s" is answered in %s', async (accepted, encoding) => {
  const { headers } = await send(app.url, 'GET', '/', { headers: { 'accept-encoding': accepted } });
  expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'Accept-Encoding']);
});

it('nothing inline, nothing from elsewhere, and text that becomes markup is refused by the browser', async () => {
  const { headers, body } = await send(app.url, 'GET', '/');
  const policy = headers['content-security-policy'] ?? '';
  for (const part of [
    "default-src 'none'",
    "script-src 'self';",
    "style-src 'self';",
    "require-trusted-types-for 'script'",
  ]) {
    expect(policy).toContain(part);
  }
  expect(body).not.toMatch(/<style|style=|<script(?![^>]*src=)| on\w+=/);
});

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it.each([
    ['overview', '#/', '.card'],
    ['counter', '#/counters/a', '.facts dd'],
    ['operations', '#/operations', '.panels dd'],
  ])('axe finds nothing serious on the page "%s"', async (_, hash, ready) => {
    const page = await browser.newPage({ colorScheme });
    await page.goto(`${app.url}/${hash}`);
    await page.locator(ready).first().waitFor();
    await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
    // Not as a script of the page, which its policy would refuse.
    await page.evaluate(axe);
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    const found = violations.map(({ id, impact, nodes }) => [impact, id, nodes.map(({ html }) => html)]);
    expect(found.filter(([impact]) => impact === 'serious' || impact === 'critical')).toEqual([]);
    await page.close();
  });
});
