import { readFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MAX_STREAMS } from '../../src/stream/limits.js';
import { StreamHub } from '../../src/stream/stream-hub.js';
import { startApp } from '../support/app.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { itInside } from '../support/on-bun.js';
import { scrape } from '../support/scrape.js';
import { withServiceProcess } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const STREAMS = 1_000;
const AT_ONCE = 100;

/** Two thousand, on a busy machine. */
const OPENED_WITHIN_MS = 60_000;

/** Twenty looks, a second apart, on a machine that may be far too busy. */
const CUT_WITHIN_MS = 150_000;

/** For a thousand streams and their connections: 100 KB each. */
const MEMORY_BYTES = 100 * 1024 * 1024;
const sources: EventSource[] = [];

const service = withServiceProcess();
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

const memoryOf = async (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

/** Opens them, some at a time: the listening socket's queue is bounded too. As any client, it comes back after a 503. */
async function openMany(count: number, query: string): Promise<void> {
  await eventually(async () => {
    const length = Math.min(count - sources.length, AT_ONCE);
    const opened = await Promise.all(Array.from({ length }, () => EventSource.open(service.app.url, query)));
    sources.push(...opened.filter(({ response }) => response.statusCode === 200));
    return sources.length === count;
  }, OPENED_WITHIN_MS);
  await eventually(() => sources.every((source) => source.snapshots === 1));
}

describe('one instance', () => {
  it(`serves ${STREAMS} streams: each gets a snapshot and every change, in bounded memory`, async () => {
    await service.calls.increment('crowd:1');
    const before = await memoryOf(service.app.pid);
    await openMany(STREAMS, 'name=crowd%3A1&prefix=crowd%3A');
    for (let value = 2; value <= 6; value += 1) {
      await service.calls.increment('crowd:1');
      await eventually(() => sources.every((source) => source.statesOf('crowd:1').at(-1)?.value === value));
    }
    expect((await memoryOf(service.app.pid)) - before).toBeLessThan(MEMORY_BYTES);
    expect((await service.calls.read('crowd:1')).body.value).toBe(6);
  });

  it('admits no more streams than it can serve, and others once some are closed', async () => {
    await openMany(MAX_STREAMS, 'name=full');
    const refused = await send(service.app.url, 'GET', '/v1/stream?name=full');
    expect([refused.status, refused.headers['retry-after'], JSON.parse(refused.body)]).toMatchObject([
      503,
      '1',
      { code: 'unavailable' },
    ]);
    for (const source of sources.splice(0)) source.close();
    await eventually(async () => {
      const source = await EventSource.open(service.app.url, 'name=full');
      sources.push(source);
      return source.response.statusCode === 200;
    });
  });

  it('drops a client that does not keep up, and no other; it may come back', async () => {
    const own = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: service.redis.url });
    const names = Array.from({ length: 1_000 }, (_, index) => `slow:${index}:${'x'.repeat(240)}`);
    const json = { increments: names.map((name) => ({ name })) };
    const increment = () => send(own.url, 'POST', '/v1/increments', { json });
    const open = async () => {
      const source = await EventSource.open(own.url, 'prefix=slow%3A');
      sources.push(source);
      return source.untilSnapshot();
    };
    await increment();
    const [slow, quick] = [await open(), await open()];
    slow.stopReading();
    await eventually(async () => {
      await increment();
      return (await scrape(own.url)).get('evercount_streams_dropped_total') === 1;
    });
    slow.readOn();
    await eventually(() => slow.ended);
    expect([quick.ended, (await scrape(own.url)).get('evercount_streams_open')]).toEqual([false, 1]);
    expect((await open()).snapshot).toHaveLength(1_000);
    await own.stop();
  });

  itInside(
    'cuts a client that takes nothing at all, also where too little waits for it to be dropped for that',
    async () => {
      const own = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: service.redis.url });
      const server = own.nest.getHttpServer() as Server;
      const [accepted]: [Socket[]] = [[]];
      server.on('connection', (socket: Socket) => accepted.push(socket));
      const json = { increments: Array.from({ length: 200 }, (_, at) => ({ name: `deaf:${at}:${'x'.repeat(240)}` })) };
      const deaf = await EventSource.open(own.url, 'prefix=deaf%3A');
      sources.push(deaf);
      const [socket] = accepted;
      await deaf.untilSnapshot();
      deaf.stopReading();
      // What kernels keep for it, and a little more.
      await eventually(async () => {
        await send(own.url, 'POST', '/v1/increments', { json });
        return (socket?.writableLength ?? 0) > 0;
      });
      await eventually(() => own.nest.get(StreamHub).open === 0, CUT_WITHIN_MS);
      expect([socket?.destroyed, own.nest.get(StreamHub).dropped]).toEqual([true, 0]);
      await own.stop();
    },
  );
});
