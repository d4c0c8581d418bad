/** Readers share a fill only as long as nothing newer can have been told to anybody. */
import { Redis } from 'ioredis';
import { CounterCache, type Publication, type Published } from '../../src/cache/counter-cache.js';
import type { Identity } from '../../src/cache/identity.js';
import { CounterReader, type ReadTruths } from '../../src/store/counter-reader.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { itInside } from '../support/on-bun.js';
import { withService } from '../support/service.js';

const service = withService({
  ending: () => {
    hand.disconnect();
    return other.stop();
  },
});
let hand: Redis;
let other: AppProcess;
let here: CounterCalls;
let there: CounterCalls;

beforeAll(async () => {
  hand = new Redis(service.redis.url);
  other = await startAppProcess(service.urls);
  here = service.calls;
  there = new CounterCalls(other.url);
});

/** A gate that somebody passes, and that opens when the test says so. */
class Gate {
  reached = false;
  open: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));

  async pass(): Promise<void> {
    this.reached = true;
    await this.opened;
  }
}

const dropEntry = (name: string): Promise<number> => hand.del(`ec:${name}`);

const untilServed = (name: string): Promise<void> =>
  eventually(async () => (await here.read(name)).headers.get('cache-status') === 'evercount; hit');

itInside('a reader who comes after the fill was published does not get what it read', async () => {
  const name = 'published, not yet answered';
  await here.increment(name);
  await untilServed(name);
  await dropEntry(name);

  const gate = new Gate();
  const cache = service.app.nest.get(CounterCache);
  const publish = cache.publish.bind(cache);
  let held = false;
  cache.publish = async (publications: readonly Publication[], identity: Identity): Promise<Published[]> => {
    const published = await publish(publications, identity);
    if (!held && publications.some((publication) => publication.name === name)) {
      held = true;
      await gate.pass();
    }
    return published;
  };

  const first = here.read(name);
  await eventually(() => gate.reached);
  expect((await there.increment(name)).body.version).toBe(2);
  await dropEntry(name);
  const second = here.read(name);
  // It is answered although the first one is still held, or at the latest when that is let go.
  const later = Promise.race([second, new Promise((resolve) => setTimeout(resolve, 500))]);
  await later;
  gate.open();
  cache.publish = publish;
  expect((await second).body.version).toBe(2);
  expect((await first).status).toBe(200);
});

itInside('a thousand readers of one missing counter cost a few statements', async () => {
  const name = 'missed by many';
  await here.increment(name);
  await untilServed(name);
  // Where readers who wait are read together.
  const reader = service.app.nest.get<CounterReader>(CounterReader) as unknown as {
    readNow: (names: readonly string[]) => Promise<ReadTruths>;
  };
  const readNow = reader.readNow.bind(reader);
  let statements = 0;
  reader.readNow = (names) => {
    if (names.includes(name)) statements += 1;
    return readNow(names);
  };
  await dropEntry(name);
  const replies = await Promise.all(Array.from({ length: 1_000 }, () => here.read(name)));
  reader.readNow = readNow;
  expect(replies.every(({ status, body }) => status === 200 && body.value === 1)).toBe(true);
  expect(statements).toBeGreaterThan(0);
  expect(statements).toBeLessThan(50);
});
