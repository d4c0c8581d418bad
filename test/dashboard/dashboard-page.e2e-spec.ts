/** How the dashboard is served, what it weighs, and whether everyone can use it. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { expectNoFindings } from '../support/axe.js';
import { startBrowser } from '../support/chromium.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

/** All that a browser fetches to show any of its pages. */
const MAX_COMPRESSED_BYTES = 120_000;
let browser: Browser;

const service = withService({
  ending: async () => {
    await browser.close();
  },
});

beforeAll(async () => {
  const calls = new CounterCalls(service.app.url);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'a:a']) await calls.increment(name, 7);
  await calls.set('c', { value: 8 });
  await calls.call('POST', '/v1/watches', { name: 'a', when: { above: 5 } });
  await calls.call('POST', '/v1/watches', { prefix: 'b', when: { below: 5 }, label: 'too few', muted: true });
  await calls.call('POST', '/v1/keys', { label: 'a reader', scopes: ['read'], prefix: '' });
  browser = await startBrowser();
});

/** What comes at once, and what is fetched later. */
const assetsOf = (html: string) => [...html.matchAll(/(?:src|href|content)="(\/[^"]+)"/g)].map(([, path = '']) => path);

it('the whole page weighs less than 120 KB compressed, and all of it comes from the package', async () => {
  const { body: html } = await send(service.app.url, 'GET', '/');
  const paths = assetsOf(html);
  expect(paths).toHaveLength(6);
  let bytes = gzipSync(html).length;
  for (const path of paths) {
    expect(path).toMatch(/^\/assets\//);
    const { status, body } = await send(service.app.url, 'GET', path);
    expect([path, status]).toEqual([path, 200]);
    bytes += gzipSync(body).length;
  }
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(MAX_COMPRESSED_BYTES);
});

it('the page is asked for again each time and answered from the cache, its parts are kept for ever', async () => {
  const page = await send(service.app.url, 'GET', '/');
  expect(page.headers['cache-control']).toBe('no-cache');
  const { etag = '' } = page.headers;
  expect((await send(service.app.url, 'GET', '/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  for (const path of assetsOf(page.body)) {
    const { headers } = await send(service.app.url, 'GET', path);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
  expect((await send(service.app.url, 'GET', '/assets/main.js')).status).toBe(404);
  expect((await send(service.app.url, 'GET', '/assets/..%2Fpackage.json')).status).toBe(404);
});

it.each([
  ['br, gzip', 'br'],
  ['gzip, deflate', 'gzip'],
  ['identity', undefined],
])('who takes "%s" is answered in %s', async (accepted, encoding) => {
  const { headers } = await send(service.app.url, 'GET', '/', { headers: { 'accept-encoding': accepted } });
  expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'Accept-Encoding']);
});

it('nothing inline but one script, nothing from elsewhere, and text that becomes markup is refused by the browser', async () => {
  const { headers, body } = await send(service.app.url, 'GET', '/');
  const policy = headers['content-security-policy'] ?? '';
  const [, script = ''] = /<script>([^]*?)<\/script>/.exec(body) ?? [];
  for (const part of [
    "default-src 'none'",
    `script-src 'self' 'sha256-${createHash('sha256').update(script).digest('base64')}';`,
    "style-src 'self';",
    "require-trusted-types-for 'script'",
  ]) {
    expect(policy).toContain(part);
  }
  expect(body.replace(script, '')).not.toMatch(/<style|style=|<script(?![^>]*(src=|><\/script>))| on\w+=/);
});

it.each([
  ['overview', '#/', '.card .spark .running'],
  ['nothing found', '#/?prefix=nothing', '.note .quiet'],
  ['counter', '#/counters/a', '.facts dd'],
  ['five counters', '#/counters/a?with=b&with=c&with=d&with=e&range=7d', '.u-legend'],
  ['no counter', '#/counters/nobody', '.gone'],
  ['tree', '#/tree', '.tree tbody tr'],
  ['operations', '#/operations', '.panels dd'],
  ['keys', '#/keys', '.keys tbody tr'],
  ['watches', '#/watches', '.watch-list [data-state=firing]'],
  ['audit', '#/audit', '.audit tbody tr'],
])('axe finds nothing on the page "%s", wide and narrow, light and dark', async (_, hash, ready) => {
  const page = await browser.newPage();
  await page.goto(`${service.app.url}/${hash}`);
  await page.locator(ready).first().waitFor();
  await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
  // Where there is something to open, what is inside counts too.
  for (const summary of await page.locator('summary:visible').all()) await summary.click();
  for (const width of [1_280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await expectNoFindings(page);
  }
  for (const button of await page.getByRole('button', { name: 'Flush entries' }).all()) {
    await button.click();
    await expectNoFindings(page);
  }
  await page.close();
});

it('only calls that the document tells of are made', async () => {
  const { body } = await send(service.app.url, 'GET', '/openapi.json');
  const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, object>> };
  const told = Object.entries(paths).map(([path, methods]) => {
    const pattern = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
    return { pattern: new RegExp(`^${pattern}$`), methods: Object.keys(methods) };
  });
  const page = await browser.newPage();
  const asked = new Set<string>();
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    expect(origin).toBe(service.app.url);
    if (pathname !== '/' && !pathname.startsWith('/assets/')) asked.add(`${request.method()} ${pathname}`);
  });
  for (const [hash, ready] of [
    ['#/?sort=change', '.verdict'],
    ['#/counters/a', '.facts dd'],
    ['#/watches', '.watch-list li'],
    ['#/audit', '.audit tbody tr'],
    ['#/operations', '.panels dd'],
  ] as const) {
    await page.goto(`${service.app.url}/${hash}`);
    await page.locator(ready).first().waitFor();
  }
  for (const name of ['Reconcile', 'Rehydrate', 'Flush entries']) {
    await page.getByRole('button', { name }).click();
    await page.getByRole('dialog').getByRole('button', { name }).click();
  }
  await page.getByText('removed').waitFor();
  await page.close();
  expect(asked.size).toBeGreaterThan(8);
  const untold = [...asked].filter((call) => {
    const [method = '', path = ''] = call.split(' ');
    return !told.some(({ pattern, methods }) => pattern.test(path) && methods.includes(method.toLowerCase()));
  });
  expect(untold).toEqual([]);
});

it.each([
  ['reduce', true],
  ['no-preference', false],
] as const)('with the wish "%s" for motion nothing moves: %s', async (reducedMotion, isStill) => {
  const page = await browser.newPage({ reducedMotion });
  await page.goto(service.app.url);
  await page.locator('.card .number').first().waitFor();
  const moving = `[...document.querySelectorAll('*')].filter((each) => {
    const { transitionDuration, animationName } = getComputedStyle(each);
    return transitionDuration !== '0s' || animationName !== 'none';
  }).length`;
  expect((await page.evaluate<number>(moving)) === 0).toBe(isStill);
  await page.close();
});

it.each([
  ['#/', '.card .number', ['/v1/counters?limit=120', '/v1/summary', '/v1/session']],
  ['#/?prefix=a&search=%3A', '.card .number', ['/v1/counters?prefix=a&search=%3A&limit=120', '/v1/session']],
  ['#/counters/a', '.counter .facts dd', ['/v1/counters/a', '/v1/session']],
])(
  'the first view of "%s" is asked for before its script is there, once; again where that is long ago',
  async (hash, ready, first) => {
    for (const isLongAgo of [false, true]) {
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url().replace(service.app.url, '')));
      const timesAsked = () => first.map((path) => asked.filter((each) => each === path).length);
      await page.route('**/assets/main-*.js', async (route) => {
        await eventually(() => !timesAsked().includes(0));
        if (isLongAgo) await page.evaluate('performance.now = () => 3_600_000');
        await route.continue();
      });
      await page.goto(`${service.app.url}/${hash}`);
      await page.locator(ready).first().waitFor();
      await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
      expect(timesAsked()).toEqual(first.map(() => (isLongAgo ? 2 : 1)));
      await page.close();
    }
  },
);
