import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CacheGuard } from '../../src/counters/guard/cache-guard.js';
import { startApp, startAppProcess, type TestApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withServers } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Between a change and its event at another instance that knows of its listeners; gathering takes up to 350 ms. */
const SOON_MS = 700;

const servers = withServers({
  ending: async () => {
    client.disconnect();
    await Promise.all([here.stop(), there.stop()]);
    await proxy.close();
  },
});
let proxy: TcpProxy;
/** Its Redis is behind a proxy. */
let here: TestApp;
let there: TestApp;
let client: Redis;
const sources: EventSource[] = [];

beforeAll(async () => {
  const { databaseUrl, redis } = servers;
  proxy = await TcpProxy.start({ host: '127.0.0.1', port: redis.port });
  const proxied = new URL(redis.url);
  proxied.port = String(proxy.port);
  [here, there] = await Promise.all([
    startApp({ databaseUrl, redisUrl: proxied.href, inside: true }),
    startApp(servers.urls),
  ]);
  client = new Redis(redis.url);
  client.on('error', () => undefined);
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

async function open(url: string, query: string): Promise<EventSource> {
  const source = await EventSource.open(url, query);
  sources.push(source);
  return source.untilSnapshot();
}

const listeners = async () => Number((await client.pubsub('NUMSUB', 'evercount:changes'))[1]);

describe('changes made at another instance', () => {
  it('reach a stream as they are made, and nothing is sent once nobody listens', async () => {
    expect(await listeners()).toBe(0);
    const source = await open(here.url, 'name=told');
    await source.untilFeed('live');
    expect(await listeners()).toBe(1);
    const calls = new CounterCalls(there.url);
    for (let value = 1; value <= 5; value += 1) {
      expect(await calls.increment('told')).toMatchObject({ status: 200, body: { value } });
      await source.untilValue('told', value);
    }
    const messages: string[] = [];
    const spy = client.duplicate();
    await spy.subscribe('evercount:changes');
    spy.on('message', (_channel, text) => messages.push(text));
    await eventually(async () => {
      await calls.increment('told');
      return messages.length > 0;
    });
    spy.disconnect();

    source.close();
    await eventually(async () => (await listeners()) === 0);
  });

  it('come within moments, once it knows of the stream', async () => {
    const source = await open(here.url, 'prefix=soon');
    await source.untilFeed('live');
    const calls = new CounterCalls(there.url);
    let inTurn = 0;
    await eventually(async () => {
      const begin = performance.now();
      const { body } = await calls.increment('soon');
      await source.untilValue('soon', body.value);
      inTurn = performance.now() - begin < SOON_MS ? inTurn + 1 : 0;
      // Looking alone would take a second and a half on average, each time.
      return inTurn === 5;
    });
  });

  it('that arrive late or twice are dropped, and so is what is about other data or no change at all', async () => {
    const source = await open(here.url, 'name=late');
    await source.untilFeed('live');
    const calls = new CounterCalls(there.url);
    await calls.set('late', { value: 1 });
    await calls.set('late', { value: 2 });
    await source.untilValue('late', 2);
    const database = here.nest.get(CacheGuard).database ?? '';
    const line = (version: number, value: number) => JSON.stringify({ name: 'late', value, version });
    for (const message of [
      `${database}\nsomebody\n${line(1, 91)}\n${line(2, 92)}`,
      `other\nsomebody\n${line(7, 97)}`,
      `${database}\nsomebody\n{"name":"late"`,
      `${database}\nsomebody\n{"name":"late","version":"9"}`,
      '',
      `${database}\nsomebody\n${line(5, 95)}`,
    ]) {
      await client.publish('evercount:changes', message);
    }
    await source.untilValue('late', 95);
    const versions = source.statesOf('late').map(({ version }) => version);
    // The first change may have come together with the second.
    expect(versions.filter((version) => version !== 1)).toEqual([2, 5]);
  });

  it('reach it through Postgres while its Redis is out of reach, which it says, and through Redis again after', async () => {
    const source = await open(here.url, 'name=away&prefix=awa');
    await source.untilFeed('live');
    const calls = new CounterCalls(there.url);
    for (const kind of ['refuse', 'silent'] as const) {
      await proxy.setMode({ kind });
      await source.untilFeed('polled');
      const { body } = await calls.increment('away');
      await source.untilValue('away', body.value);
      await proxy.setMode({ kind: 'pass' });
      await source.untilFeed('live');
      const { body: after } = await calls.increment('away');
      await source.untilValue('away', after.value);
    }
    const versions = source.statesOf('away').map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(source.ended).toBe(false);
  });

  it('reach it across a flush', async () => {
    const source = await open(here.url, 'name=flushed');
    await source.untilFeed('live');
    await client.flushall();
    const { body } = await new CounterCalls(there.url).increment('flushed', 3);
    await source.untilValue('flushed', body.value);
  });
});

describe('SIGTERM', () => {
  it('ends open streams with a last event, and the process in time; another instance takes over', async () => {
    const app = await startAppProcess(servers.urls);
    await new CounterCalls(app.url).increment('bye', 4);
    const source = await open(app.url, 'name=bye');
    const slow = await open(app.url, 'prefix=');
    slow.stopReading();
    app.signal('SIGTERM');
    await eventually(() => source.ended);
    expect(source.events.at(-1)).toMatchObject({ event: 'bye', data: { reason: 'shutdown' } });
    expect(await app.exited).toEqual({ code: 0, signal: null });
    const again = await open(there.url, 'name=bye');
    expect(again.snapshot).toMatchObject([{ name: 'bye', value: 4 }]);
  });

  it('admits no stream while it drains', async () => {
    const app = await startApp(servers.urls);
    const source = await open(app.url, 'name=a');
    const stopped = app.stop();
    await eventually(() => source.of('bye').length === 1);
    const late = await send(app.url, 'GET', '/v1/stream?name=a').catch(() => null);
    expect(late === null || late.status === 503).toBe(true);
    await stopped;
  });
});
