/** What the dashboard says while something is away, and that it recovers by itself. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../../src/embedded/free-port.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { startBrowser } from '../support/chromium.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

let redis: TestRedis;
let start: () => Promise<AppProcess>;
let app: AppProcess;
let browser: Browser;
let page: Page;
let loads = 0;

const verdict = (text: string) => page.locator('.verdict', { hasText: text }).waitFor({ timeout: 30_000 });

/** Retried: a service that was just started, or has just lost Redis, may refuse a write. */
const increment = () => eventually(async () => (await new CounterCalls(app.url).increment('votes', 1)).status === 200);

async function shownIsTrue(): Promise<void> {
  await increment();
  const { value } = (await new CounterCalls(app.url).read('votes', '?consistency=strong')).body;
  await eventually(async () => (await page.locator('.card .number').textContent()) === String(value));
  // All of it happened on one page that was never loaded again.
  expect(loads).toBe(1);
}

beforeAll(async () => {
  redis = await startRedis();
  const databaseUrl = await createTestDatabase();
  const env = { PORT: String(await freePort()) };
  start = () => startAppProcess({ databaseUrl, redisUrl: redis.url, env });
  app = await start();
  browser = await startBrowser();
  page = await browser.newPage();
  page.on('load', () => (loads += 1));
  await increment();
  await page.goto(app.url);
  await verdict('All is well');
});
afterAll(async () => {
  await browser.close();
  await app.stop();
  await redis.stop();
});
afterEach(shownIsTrue);

it('a flush of Redis is told, and the numbers go on', async () => {
  const hand = new CacheHand(redis.url);
  await hand.redis.flushall();
  hand.close();
  await verdict('All is well; the cache was just refilled');
});

it('a Redis that was killed is told as long as it is away', async () => {
  await redis.kill();
  await verdict('Redis is away');
  await shownIsTrue();
  await redis.restart();
  await verdict('All is well');
});

it('a Redis that is frozen is told by the stream that is open', async () => {
  await redis.freeze();
  await verdict('Redis');
  await redis.thaw();
  await verdict('All is well');
});

it('a service that was restarted is told as long as it is away', async () => {
  await app.stop();
  await verdict('Connection lost, reconnecting');
  app = await start();
  await verdict('All is well');
});
