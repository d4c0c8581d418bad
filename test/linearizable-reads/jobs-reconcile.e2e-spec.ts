/** Entries that disagree with the truth are found, explained and repaired. */
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_VALUE } from '../../src/domain/operands.js';
import { Reconciler } from '../../src/counters/upkeep/reconciler.js';
import { CounterReader } from '../../src/store/counter-reader.js';
import type { LogLine } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

let hand: CacheHand;
let reconciler: Reconciler;

/** Characters of an entry in front of its version: kind, identity and a space. */
const BEFORE_VERSION = 26;

/** Compared while writes go on: many of each kind. */
const ENTRIES_WHILE_BUSY = 500;

const HIT = 'evercount; hit';
const statusOf = async (name: string) => (await service.calls.read(name)).headers.get('cache-status');
const untilHit = (name: string) => eventually(async () => (await statusOf(name)) === HIT);
const logged = (level: string) =>
  service.app.log.map((line) => JSON.parse(line) as LogLine).filter((line) => line.level === level && 'drift' in line);

const service = withService({
  inside: true,
  // So long that only what a test asks for runs.
  env: { RECONCILE_INTERVAL_MS: '86400000' },
  ending: () => {
    hand.close();
  },
});

beforeAll(async () => {
  hand = new CacheHand(service.redis.url);
  reconciler = service.app.nest.get(Reconciler, { strict: false });
  await service.calls.increment('first');
  await untilHit('first');
});

beforeEach(() => hand.redis.unlink('ec:a', 'ec:b', 'ec:gone'));

describe('an entry that was never committed', () => {
  it.each([
    ['another value under the same version', 0, 99],
    ['a version that was not given out', 5, 99],
  ])('is deleted, told and explained: %s', async (_, newer, value) => {
    const { body } = await service.calls.increment('a', 15);
    await untilHit('a');
    const version = body.version + newer;
    await hand.plant('a', version, { ...body, version, value });
    expect((await service.calls.read('a')).body.value).toBe(value);
    const before = logged('error').length;

    const report = await reconciler.runOnce();

    expect(report).toMatchObject({ behind: 0, wrong: 1, repaired: 1, complete: true });
    const [drift] = report.drift;
    const truth = { version: body.version, value: body.value };
    expect(drift).toEqual({ name: 'a', kind: 'wrong', cached: { version, value }, true: truth, ageMs: drift?.ageMs });
    expect(drift?.ageMs).toBeGreaterThanOrEqual(0);
    expect(drift?.ageMs).toBeLessThan(60_000);
    expect(logged('error').slice(before)).toMatchObject([{ wrong: 1, drift: [drift] }]);
    await expect(hand.value('a')).resolves.toBeNull();
    expect((await service.calls.read('a')).body).toEqual(body);
  });

  it('is found also where it claims a counter that was deleted', async () => {
    const { body } = await service.calls.increment('gone');
    await service.calls.delete('gone');
    await eventually(async () => (await service.calls.read('gone')).headers.get('cache-status') === HIT);
    await hand.plant('gone', body.version + 1, { ...body, version: body.version + 1 });
    const { drift } = await reconciler.runOnce();
    expect(drift).toMatchObject([{ name: 'gone', kind: 'wrong', true: { version: body.version + 1, value: null } }]);
    expect((await service.calls.read('gone')).status).toBe(404);
  });

  it('is found also where it denies a counter that is there', async () => {
    const { body } = await service.calls.increment('b', 3);
    await untilHit('b');
    await hand.plant('b', body.version, null);
    expect((await service.calls.read('b')).status).toBe(404);
    expect((await reconciler.runOnce()).drift).toMatchObject([{ name: 'b', cached: { value: null } }]);
    expect((await service.calls.read('b')).body.value).toBe(3);
  });
});

it('an entry that stayed behind the truth is replaced by it, without an alarm', async () => {
  const { body: old } = await service.calls.increment('a');
  await untilHit('a');
  const { body } = await service.calls.increment('a');
  await hand.plant('a', old.version, old);
  const errors = logged('error').length;
  const warnings = logged('warn').length;

  const report = await reconciler.runOnce();

  expect(report).toMatchObject({ behind: 1, wrong: 0, repaired: 1, complete: true });
  expect(report.drift).toMatchObject([
    { name: 'a', kind: 'behind', cached: { version: old.version }, true: { version: body.version, value: body.value } },
  ]);
  expect(logged('error')).toHaveLength(errors);
  expect(logged('warn')).toHaveLength(warnings + 1);
  const read = await service.calls.read('a');
  expect([read.headers.get('cache-status'), read.body]).toEqual([HIT, body]);
});

it('an entry that comes up to date within a second was never behind', async () => {
  const { body: old } = await service.calls.increment('a');
  await untilHit('a');
  await service.calls.increment('a');
  const entry = (await hand.value('a')) ?? '';
  await hand.plant('a', old.version, old);
  const looks = await hand.callsOf('mget');
  const running = reconciler.runOnce();
  await eventually(async () => (await hand.callsOf('mget')) > looks);
  await hand.put('a', entry);
  expect(await running).toMatchObject({ behind: 0, wrong: 0, repaired: 0, complete: true });
});

it('Postgres tells what is as it should be from what is not, whatever it is called and holds', async () => {
  const names = ['"quoted" \\\\', "o'clock", '\u2028/é/😀', '__proto__', 'deleted', 'bounded', 'never'];
  for (const name of names.slice(0, -1)) await service.calls.increment(name, -MAX_VALUE);
  await service.calls.set('bounded', { value: MAX_VALUE, min: -MAX_VALUE, max: MAX_VALUE });
  await service.calls.delete('deleted');
  const said: string[] = [];
  for (const name of names) {
    await service.calls.read(name);
    said.push((await hand.value(name))?.slice(BEFORE_VERSION) ?? '');
  }
  await hand.redis.unlink(names.map((name) => `ec:${name}`));
  const reader = service.app.nest.get(CounterReader, { strict: false });
  await expect(reader.unlike(names, said)).resolves.toEqual([]);
  const others = said.map((text) => text.replace(/\d/, '7'));
  await expect(reader.unlike(names, others)).resolves.toEqual([...names.keys()]);
});

it('an entry under a name that no counter can have is removed, and keeps nobody from comparing the others', async () => {
  await service.calls.increment('a');
  await untilHit('a');
  await hand.put('no \0 name', (await hand.value('a')) ?? '');
  expect(await reconciler.runOnce()).toMatchObject({ wrong: 1, repaired: 1, complete: true });
  await expect(hand.value('no \0 name')).resolves.toBeNull();
});

it.each(['a line\nmore', 'a NUL \0'])('an entry that is no line of text is wrong, too: %j', async (text) => {
  const { body } = await service.calls.increment('a');
  await untilHit('a');
  const entry = (await hand.value('a')) ?? '';
  await hand.put('a', `${entry}${text}`);
  expect(await reconciler.runOnce()).toMatchObject({ wrong: 1, repaired: 1, drift: [{ name: 'a' }], complete: true });
  expect((await service.calls.read('a')).body).toEqual(body);
});

it('leases, entries of other data and keys of others are left alone', async () => {
  await service.calls.increment('a');
  await untilHit('a');
  const entry = (await hand.value('a')) ?? '';
  const lease = `L${entry.slice(1, 25)} nonce`;
  const foreign = `E${'0'.repeat(24)} 1 {}`;
  await hand.put('b', lease);
  await hand.put('gone', foreign);
  await hand.redis.set('ecology', 'kept');
  const { compared } = await reconciler.runOnce();
  expect(compared).toBe(2);
  expect([await hand.value('b'), await hand.value('gone')]).toEqual([lease, foreign]);
  await expect(hand.redis.get('ecology')).resolves.toBe('kept');
});

it('the walk stops at its limit, and when it is told to', async () => {
  for (const name of ['a', 'b']) {
    await service.calls.increment(name);
    await untilHit(name);
  }
  expect(await reconciler.runOnce({ limit: 0 })).toMatchObject({ compared: 0, complete: false });
  expect(await reconciler.runOnce({ signal: AbortSignal.abort() })).toMatchObject({ compared: 0, complete: false });
});

it('nothing that this service writes is drift, whatever is written while the walk goes on', async () => {
  // A prime number, so that each of them meets each operation.
  const names = Array.from({ length: 41 }, (_, index) => `busy/${index}`);
  let running = true;
  const write = async (turn: number): Promise<void> => {
    for (let step = turn; running; step += 1) {
      const name = names[(step * 7 + turn) % names.length] ?? '';
      switch (step % 8) {
        case 0:
          await service.calls.set(name, { value: step, min: -5, max: null });
          break;
        case 1:
          await service.calls.reset(name);
          break;
        case 2:
          await service.calls.delete(name);
          break;
        case 3:
          await service.calls.batch({
            increments: names.slice(0, 10).map((each) => ({ name: each, by: 2 })),
            atomic: true,
          });
          break;
        case 4:
          await service.calls.increment(name, 1, { key: `${turn}/${step}` });
          break;
        default:
          await service.calls.increment(name, step % 2 === 0 ? 3 : -2);
      }
      await service.calls.read(name);
    }
  };
  const writers = [1, 2, 3, 4].map(write);
  try {
    for (let compared = 0; compared < ENTRIES_WHILE_BUSY;) {
      const report = await reconciler.runOnce();
      expect(report).toMatchObject({ behind: 0, wrong: 0, drift: [], complete: true });
      compared += report.compared;
    }
  } finally {
    running = false;
    await Promise.all(writers);
  }
  expect(await reconciler.runOnce()).toMatchObject({ behind: 0, wrong: 0, drift: [], complete: true });
});
