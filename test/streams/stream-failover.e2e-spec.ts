/** An asynchronous standby takes over, and what was committed last is lost: whoever watches is told what is true now. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Browser } from 'playwright-core';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { startBrowser } from '../support/chromium.js';
import { CounterCalls } from '../support/counter-calls.js';
import { EventSource, type StreamedCounter } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const servers = withRedis();

let pair: PrimaryWithStandby;
let proxy: TcpProxy;
let here: AppProcess;
let there: AppProcess;
let browser: Browser | null = null;
const sources: EventSource[] = [];

beforeEach(async () => {
  pair = await startPrimaryWithStandby({ synchronous: false });
  proxy = await TcpProxy.start({ host: '127.0.0.1', port: pair.primary.port });
  const databaseUrl = pair.primary.url.replace(/@.*?\//, `@127.0.0.1:${proxy.port}/`);
  here = await startAppProcess({ databaseUrl, redisUrl: servers.redis.url });
  there = await startAppProcess({ databaseUrl, redisUrl: servers.redis.url });
});
afterEach(async () => {
  await browser?.close();
  browser = null;
  for (const source of sources.splice(0)) source.close();
  await Promise.all([here.stop(), there.stop()]);
  await proxy.setMode({ kind: 'reset' });
  await proxy.close();
  await pair.stop();
});

async function open(app: AppProcess, query: string): Promise<EventSource> {
  const source = await EventSource.open(app.url, query);
  sources.push(source);
  return source.untilSnapshot();
}

async function increment(name: string): Promise<number> {
  let value = 0;
  await eventually(async () => {
    const { status, body } = await new CounterCalls(here.url).increment(name);
    value = body.value;
    return status === 200;
  }, 30_000);
  return value;
}

async function countTo(value: number): Promise<void> {
  while ((await increment('votes')) < value);
}

async function failOver(): Promise<void> {
  await pair.primary.kill();
  await pair.standby.promote();
  proxy.retarget({ host: '127.0.0.1', port: pair.standby.port });
}

const snapshotsOf = (source: EventSource) => source.of('snapshot').map(({ data }) => data as StreamedCounter[]);

it('begins a new snapshot with what is there, lower versions too, and tells further changes', async () => {
  await countTo(3);
  await pair.caughtUp();
  await pair.standby.cutOff();
  const watching = [await open(here, 'name=votes'), await open(there, 'name=votes'), await open(there, 'prefix=')];
  await countTo(5);
  await increment('gone');
  for (const source of watching) await source.untilValue('votes', 5);
  await watching[2]?.untilValue('gone', 1);
  const spy = new Redis(servers.redis.url);
  const messages: string[] = [];
  await spy.subscribe('evercount:changes');
  spy.on('message', (_channel, text) => messages.push(text));
  await countTo(6);
  await eventually(() => messages.length > 0);
  const [before = ''] = messages;
  spy.disconnect();

  await failOver();
  for (const source of watching) {
    await eventually(() => source.snapshots > 1, 30_000);
    expect(snapshotsOf(source).at(-1)).toMatchObject([{ name: 'votes', value: 3, version: 3 }]);
  }
  // From an instance that has not noticed yet.
  const client = new Redis(servers.redis.url);
  await client.publish('evercount:changes', before);
  client.disconnect();
  expect(await increment('votes')).toBe(4);
  for (const source of watching) {
    await source.untilValue('votes', 4);
    expect(source.ended).toBe(false);
    const since = source.events.slice(source.events.findLastIndex(({ event }) => event === 'snapshot'));
    const versions = since.flatMap(({ event, data }) =>
      event === 'change' ? [(data as StreamedCounter).version] : [],
    );
    expect(versions).toEqual([4]);
  }
});

it('shows on pages that are open what is there now', async () => {
  await countTo(3);
  await pair.caughtUp();
  await pair.standby.cutOff();
  await countTo(5);
  browser = await startBrowser();
  const [cards, one] = [await browser.newPage(), await browser.newPage()];
  await Promise.all([cards.goto(there.url), one.goto(`${there.url}/#/counters/votes`)]);
  const card = cards.locator('.card .number');
  const today = cards.locator('.card .today');
  const number = one.locator('.counter .number');
  const sum = one.locator('.history .total');
  await eventually(async () => (await card.textContent()) === '5' && (await number.textContent()) === '5');
  await eventually(async () => (await today.textContent()) === '+5 today');

  await failOver();
  await eventually(async () => (await card.textContent()) === '3' && (await number.textContent()) === '3', 30_000);
  await countTo(4);
  await eventually(async () => (await card.textContent()) === '4' && (await number.textContent()) === '4');
  await eventually(async () => (await today.textContent()) === '+4 today');
  await eventually(async () => (await sum.textContent())?.startsWith('+4 ') === true);
});
