/** What an edge says of counters is never newer than what it was told, and no counter keeps others from being counted. */
import { expect, it } from '@jest/globals';
import { Courier } from '../../src/edge/courier.js';
import { EdgeFile } from '../../src/edge/edge-file.js';
import { Outbox } from '../../src/edge/outbox.js';
import { startEdge } from '../../src/edge/start.js';
import { Tally } from '../../src/edge/tally.js';
import { Upstream } from '../../src/edge/upstream.js';
import { MAX_VALUE } from '../../src/domain/operands.js';
import { closingAfterEach } from '../support/closing.js';
import { hasDelivered, localCalls, settingsOf } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const DAY_MS = 86_400_000;

const service = withService();
const keep = closingAfterEach();

const truth = async (name: string) => (await service.calls.read(name, '?consistency=strong')).body.value;

it('a key that upstream knew already tells what was then, and not how the counter stands', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  await service.calls.increment('stale', 1, { key: 'first' });
  await service.calls.increment('stale', 99);
  await calls.increment('stale', 0 + 1);
  await hasDelivered(edge);
  await calls.increment('stale', 1, { key: 'first' });
  await hasDelivered(edge);
  expect((await calls.read('stale')).body).toMatchObject({ value: 101, pending: 0 });
});

it('an answer that was lost for a day says how the counter stood a day ago', async () => {
  const { file: path } = await settingsOf(service.app.url);
  const file = EdgeFile.open(path);
  const tally = new Tally(file);
  const upstream = new Upstream(service.app.url, null);
  const beganMs = Date.now() - DAY_MS;
  let [nowMs, isLost] = [beganMs, true];
  const lossy = {
    deliver: async (...args: Parameters<Upstream['deliver']>) => {
      const heard = await upstream.deliver(...args);
      return isLost ? { status: 0, code: null, retryAfterSeconds: null, body: null, fault: 'lost' } : heard;
    },
    position: upstream.position.bind(upstream),
    close: () => upstream.close(),
  };
  const clock = { nowMs: () => nowMs, random: () => 0 };
  // The second one is that of an edge that was started again meanwhile.
  for (const restarts of [false, true]) {
    const name = `late:${restarts}`;
    [nowMs, isLost] = [beganMs, true];
    const sender = new Courier(file, new Outbox(file), lossy, 10, 30 * DAY_MS, clock);
    tally.keep([{ name, by: 1, key: null }], nowMs);
    for (let step = 0; step < 3; step += 1) await sender.step();
    await service.calls.increment(name, 5);
    [nowMs, isLost] = [beganMs + DAY_MS, false];
    const second = restarts ? new Courier(file, new Outbox(file), lossy, 10, 30 * DAY_MS, clock) : sender;
    while ((await second.step()) !== null);
    const reading = tally.read(name);
    expect(reading).toMatchObject({ value: 1, pending: 0 });
    expect(Date.parse(reading?.asOf ?? '')).toBeLessThanOrEqual(beganMs);
    tally.keep([{ name, by: 1, key: null }], nowMs);
    while ((await second.step()) !== null);
    expect(tally.read(name)).toMatchObject({ value: 7, asOf: new Date(nowMs).toISOString() });
  }
  upstream.close();
  file.close();
});

it('more than a counter can hold may be refused and tried again, and nobody else is kept from counting', async () => {
  await service.calls.set('brim', { value: 0, max: 10 });
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  for (const items of [1, 2, 3]) {
    await calls.increment('brim', MAX_VALUE);
    await eventually(() => edge.edge.refusals.list().length === items);
  }
  // All of it waits at once, which none of them could have brought about alone.
  expect(edge.edge.refusals.retry(null)).toBe(3);
  expect((await calls.read('brim')).body).toMatchObject({ value: MAX_VALUE, pending: 3 });
  const [more, less, other] = await Promise.all([
    calls.increment('brim', 1),
    calls.decrement('brim', 5),
    calls.increment('beside', 1),
  ]);
  expect([more.status, less.status, other.status]).toEqual([422, 200, 200]);
  edge.edge.courier.hurry();
  await eventually(() => edge.edge.status.waiting.increments === 0 && edge.edge.refusals.list().length === 3);
  expect([await truth('brim'), await truth('beside')]).toEqual([-5, 1]);
  expect((await calls.read('brim')).body).toMatchObject({ value: -5, pending: 0 });
});

it('the longest key of a batch arrives like any other, and what comes behind it, too', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const key = 'k'.repeat(255);
  await localCalls(edge).batch({ increments: [{ name: 'long' }, { name: 'long' }] }, { key });
  await localCalls(edge).increment('long', 10);
  await hasDelivered(edge);
  expect(await truth('long')).toBe(12);
  // Upstream knows it as what the same batch would have brought there.
  await service.calls.batch({ increments: [{ name: 'long' }, { name: 'long' }] }, { key });
  expect(await truth('long')).toBe(12);
});
