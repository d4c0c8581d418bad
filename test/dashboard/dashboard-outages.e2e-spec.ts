/** What the dashboard says while something is away, and that it recovers by itself. */
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../../src/embedded/free-port.js';
import { expectNoFindings } from '../support/axe.js';
import { CacheHand } from '../support/cache-hand.js';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { EventSource } from '../support/event-source.js';
import type { TestPostgres, TestRedis } from '../support/servers.js';
import { withServiceProcess } from '../support/service.js';

/** About so long after the service knows of something the page tells it. */
const SOON_MS = 1_000;

const service = withServiceProcess({
  ownPostgres: true,
  env: async () => ({ PORT: String(await freePort()) }),
  ending: () => browser.close(),
});
let browser: Browser;
let page: Page;
let loads = 0;

const verdict = (text: string) => page.locator('.verdict', { hasText: text }).waitFor({ timeout: 30_000 });

/** Retried: a service that was just started, or has just lost Redis, may refuse a write. */
const increment = () => eventually(async () => (await service.calls.increment('votes', 1)).status === 200);

async function shownIsTrue(): Promise<void> {
  await increment();
  const { value } = (await service.calls.read('votes', '?consistency=strong')).body;
  await eventually(async () => (await page.locator('.card .number').textContent()) === String(value));
  // All of it happened on one page that was never loaded again.
  expect(loads).toBe(1);
}

beforeAll(async () => {
  browser = await startBrowser();
  page = await browser.newPage();
  page.on('load', () => (loads += 1));
  await increment();
  await page.goto(service.app.url);
  await verdict('All is well');
  await page.evaluate(`
    said = [];
    new MutationObserver(() => said.push(document.querySelector('.verdict').textContent))
      .observe(document.querySelector('.verdict'), { characterData: true, childList: true, subtree: true });
  `);
});
afterEach(shownIsTrue);

/** While this runs, what the page asks of the cache's state is answered as before: nothing but the stream can tell. */
async function toldByTheStream(test: (stream: EventSource) => Promise<void>): Promise<void> {
  const state = JSON.parse((await send(service.app.url, 'GET', '/v1/admin/cache')).body) as object;
  await page.route('**/v1/admin/cache', (route) => route.fulfill({ json: { ...state, lastRehydrate: null } }));
  const stream = await EventSource.open(service.app.url, 'name=votes&events=true');
  try {
    await test(await stream.untilSnapshot());
  } finally {
    stream.close();
    await page.unroute('**/v1/admin/cache');
  }
}

it('a flush of Redis is told by the stream, and the numbers go on', () =>
  toldByTheStream(async () => {
    // And no more of the filling at the start.
    await eventually(async () => (await page.textContent('.verdict')) === 'All is well');
    const hand = new CacheHand(service.redis.url);
    await hand.redis.flushall();
    hand.close();
    await eventually(async () => /found empty|just refilled/.test((await page.textContent('.verdict')) ?? ''));
    await shownIsTrue();
  }));

const frozen = (server: () => TestPostgres | TestRedis) => ({
  harm: () => server().freeze(),
  mend: () => server().thaw(),
});
const killed = (server: () => TestPostgres | TestRedis) => ({
  harm: () => server().kill(),
  mend: () => server().restart(),
});

it.each([
  { who: 'postgres', how: 'frozen', ...frozen(() => service.postgres), words: 'Postgres is away', goesOn: false },
  { who: 'postgres', how: 'killed', ...killed(() => service.postgres), words: 'Postgres is away', goesOn: false },
  { who: 'redis', how: 'frozen', ...frozen(() => service.redis), words: 'Redis is away', goesOn: true },
  { who: 'redis', how: 'killed', ...killed(() => service.redis), words: 'Redis is away', goesOn: true },
] as const)('$who $how: told as long as it is, and of nothing else', async ({ who, harm, mend, words, goesOn }) => {
  await verdict('All is well');
  await page.evaluate('said.length = 0');
  await harm();
  await verdict(words);
  await expectNoFindings(page);
  if (goesOn) await shownIsTrue();
  await mend();
  await verdict('All is well');
  await shownIsTrue();
  const own =
    who === 'postgres'
      ? /^(Postgres|All is well|The cache is not used|Redis does not answer)/
      : /^(Redis|All is well|The cache is not used|Postgres does not answer)/;
  const said = await page.evaluate<string[]>('said');
  expect(said.filter((text) => !own.test(text))).toEqual([]);

  // A busy machine is late now and then; a page that waits until it asks would be late each time.
  await toldByTheStream((stream) =>
    eventually(async () => {
      const turn = async (act: () => Promise<void>, known: (told: Told) => boolean, text: string) => {
        const from = stream.events.length;
        await act();
        const knows = () =>
          stream.events.slice(from).some(({ event, data }) => event === 'status' && known(data as Told));
        await eventually(knows);
        const knownAtMs = performance.now();
        await verdict(text);
        return performance.now() - knownAtMs;
      };
      const badAfterMs = await turn(harm, (told) => told[who] !== 'up', who === 'postgres' ? 'Postgres' : 'Redis');
      const wellAfterMs = await turn(mend, (told) => told[who] === 'up' && told.guard === 'serving', 'All is well');
      return badAfterMs < SOON_MS && wellAfterMs < SOON_MS;
    }),
  );
});

type Told = Readonly<Record<'postgres' | 'redis' | 'guard', unknown>>;

it('a service that was restarted is told as long as it is away', async () => {
  await service.app.stop();
  await verdict('Connection lost, reconnecting');
  await expectNoFindings(page);
  await service.startAgain();
  await verdict('All is well');
});
