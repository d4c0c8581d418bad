/** A page on a connection that is too slow for what is told: it is dropped, says so, and comes back by itself. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

/** As many as the overview shows at once, with names that make long events. */
const NAMES = Array.from({ length: 60 }, (_, index) => `slow/${index}/`.padEnd(255, '"'));

/** Buffers of the kernel fill first. */
const DROPPED_WITHIN_MS = 90_000;

const service = withService({
  ending: async () => {
    await browser.close();
    relay.close();
  },
});
let browser: Browser;
let relay: Server;
/** Connections of the service that carry a stream to the page. */
const streams = new Map<Socket, Socket>();

/** Passes on what comes, until it is told to let streams wait: then the page reads nothing more of them. */
function relayTo(port: number): Server {
  return createServer((page) => {
    const service = connect(port, '127.0.0.1');
    page.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('GET /v1/stream')) streams.set(service, page);
    });
    page.pipe(service);
    service.pipe(page);
    for (const [one, other] of [
      [page, service],
      [service, page],
    ] as const) {
      one.on('error', () => other.destroy());
    }
  });
}

function letStreamsWait(): void {
  for (const [service, page] of streams) service.unpipe(page).pause();
}

function letStreamsFlow(): void {
  for (const [service, page] of streams) service.pipe(page);
}

beforeAll(async () => {
  relay = relayTo(Number(new URL(service.app.url).port)).listen(0, '127.0.0.1');
  browser = await startBrowser();
});

/** Keeps what the strip said in between, too. */
const REMEMBER = `
  globalThis.said = [];
  new MutationObserver(() => said.push(document.querySelector('.verdict').textContent))
    .observe(document.querySelector('.verdict'), { childList: true, characterData: true, subtree: true });`;

it('is told of no more than it takes, and then of what is true', async () => {
  const { calls } = service;
  const increments = NAMES.map((name) => ({ name }));
  let rounds = 0;
  const increment = async () => {
    if ((await calls.batch({ increments })).status === 200) rounds += 1;
  };
  await eventually(async () => {
    await increment();
    return rounds > 0;
  });

  const page = await browser.newPage();
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.goto(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`);
  await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
  await eventually(async () => (await scrape(service.app.url)).get('evercount_streams_open') === 1);
  await page.evaluate(REMEMBER);

  letStreamsWait();
  await eventually(async () => {
    await increment();
    return ((await scrape(service.app.url)).get('evercount_streams_dropped_total') ?? 0) > 0;
  }, DROPPED_WITHIN_MS);
  letStreamsFlow();
  const said = async () => (await page.evaluate<string[]>('said')).join();
  await eventually(async () => (await said()).includes('Live changes interrupted, reconnecting'));
  await page.locator('.verdict', { hasText: 'All is well' }).waitFor();
  await increment();
  await eventually(async () => {
    const shown = await page.locator('.card .number').allTextContents();
    return shown.length === NAMES.length && shown.every((text) => text === rounds.toLocaleString('en'));
  });
  expect(loads).toBe(1);
});
