/** A watch fires within seconds of the commit that makes it so, once, and says so again when it is over. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { WatchEvaluator } from '../../src/counters/watches/watch-evaluator.js';
import { BatchLog } from '../../src/store/batch-log.js';
import { eventually } from '../support/eventually.js';
import { withReceiver } from '../support/receiver.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

interface WatchBody {
  readonly id: string;
  readonly state: string;
  readonly hysteresis: number;
  readonly for: string;
  readonly counters: { readonly firing: number; readonly ok: number; readonly noData: number };
}

interface Turns {
  readonly data: readonly { counter: string; from: string; to: string; observed: number | null }[];
}

const service = withService({ inside: true, env: { WEBHOOK_ALLOW: '127.0.0.1' } });
const receiver = withReceiver();
let database: pg.Client;

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(() => database.end());

const evaluator = () => service.app.nest.get(WatchEvaluator, { strict: false });

/** The timer's look may be at it, too. */
const look = () => eventually(async () => (await evaluator().runOnce()) !== null);

let paths = 0;

async function watched(body: object): Promise<{ readonly id: string; readonly path: string }> {
  const path = `/hook-${(paths += 1)}`;
  const hook = await service.calls.call<{ id: string }>('POST', '/v1/webhooks', { url: receiver.url(path) });
  const made = await service.calls.call<WatchBody>('POST', '/v1/watches', { ...body, notify: [hook.body.id] });
  expect([made.status, made.text]).toEqual([201, made.text]);
  return { id: made.body.id, path };
}

const shown = async (id: string) => (await service.calls.call<WatchBody>('GET', `/v1/watches/${id}`)).body;
const listed = async (query: string) =>
  (await service.calls.call<{ data: WatchBody[] }>('GET', `/v1/watches?${query}`)).body.data.map(({ id, state }) => [
    id,
    state,
  ]);
const turnsOf = async (id: string) =>
  (await service.calls.call<Turns>('GET', `/v1/watches/${id}/turns`)).body.data.map(({ to }) => to).reverse();
/** What is there is looked at now: the timer would take its time. */
const becomes = (id: string, state: string) =>
  eventually(async () => {
    await evaluator().runOnce();
    return (await shown(id)).state === state;
  });
const told = (path: string) => receiver.told(path).map(({ type, data }) => [type, data.observed]);

describe('a value', () => {
  it('above its limit fires once, and is ok again once it is back behind the hysteresis', async () => {
    const { id, path } = await watched({ name: 'high', when: { above: 100 } });
    expect(await shown(id)).toMatchObject({ state: 'no_data', hysteresis: 5, for: '0s' });
    await service.calls.increment('high', 100);
    await becomes(id, 'ok');
    await service.calls.increment('high', 1);
    await becomes(id, 'firing');
    await service.calls.decrement('high', 3);
    await look();
    // Within the hysteresis nothing turns.
    expect(await shown(id)).toMatchObject({ state: 'firing' });
    await service.calls.decrement('high', 3);
    await becomes(id, 'ok');
    await eventually(() => Promise.resolve(receiver.told(path).length === 2));
    expect(told(path)).toEqual([
      ['watch.firing', 101],
      ['watch.ok', 95],
    ]);
    expect(await turnsOf(id)).toEqual(['ok', 'firing', 'ok']);
  });

  it('that was above it for a moment between two looks is told of, and that it is over', async () => {
    await service.calls.increment('spike', 1);
    const { id, path } = await watched({ name: 'spike', when: { above: 10 } });
    await becomes(id, 'ok');
    await service.calls.increment('spike', 50);
    await service.calls.decrement('spike', 50);
    await look();
    await eventually(() => Promise.resolve(receiver.told(path).length === 2));
    expect(await turnsOf(id)).toEqual(['ok', 'firing', 'ok']);
  });

  it('that is so from the start fires without a change', async () => {
    await service.calls.set('low', { value: 3 });
    const { id, path } = await watched({ name: 'low', when: { below: 10 } });
    await becomes(id, 'firing');
    await eventually(() => Promise.resolve(receiver.told(path).length === 1));
    expect(told(path)).toEqual([['watch.firing', 3]]);
  });

  it('at the ends of what a counter can hold is judged exactly', async () => {
    await service.calls.set('most', { value: Number.MAX_SAFE_INTEGER - 1 });
    const { id } = await watched({ name: 'most', when: { above: Number.MAX_SAFE_INTEGER - 1 }, hysteresis: 0 });
    await becomes(id, 'ok');
    await service.calls.increment('most', 1);
    await becomes(id, 'firing');
    await service.calls.decrement('most', 1);
    await becomes(id, 'ok');
  });

  it('must last for as long as is said before it turns', async () => {
    const { id } = await watched({ name: 'held', when: { above: 0 }, for: '1d' });
    await service.calls.increment('held', 1);
    await look();
    await look();
    expect(await shown(id)).toMatchObject({ state: 'no_data' });
    // As if that day were over.
    await database.query(
      `UPDATE watch_states SET since = since - interval '1 day', pending_since = pending_since - interval '1 day',
              due_at = due_at - interval '1 day' WHERE watch_id = $1`,
      [id],
    );
    await becomes(id, 'firing');
  });
});

describe('a prefix', () => {
  it('is watched counter by counter, those that come later included', async () => {
    await service.calls.increment('shop:a', 1);
    const { id, path } = await watched({ prefix: 'shop:', when: { above: 5 } });
    await becomes(id, 'ok');
    await service.calls.increment('shop:b', 6);
    await service.calls.increment('shopping', 6);
    await becomes(id, 'firing');
    expect((await shown(id)).counters).toEqual({ firing: 1, ok: 1, noData: 0 });
    expect(await listed('name=shop:a')).toEqual([[id, 'ok']]);
    expect(await listed('name=shop:b')).toEqual([[id, 'firing']]);
    expect(await listed('name=shop:later')).toEqual([[id, 'no_data']]);
    expect(await listed('name=shopping')).toEqual([]);
    expect(await listed('name=shop:a&state=firing')).toEqual([]);
    expect(await listed('prefix=shop&state=firing')).toEqual([[id, 'firing']]);
    expect(await listed('prefix=shop&state=ok')).toEqual([]);
    await service.calls.delete('shop:b');
    await becomes(id, 'ok');
    await eventually(() => Promise.resolve(receiver.told(path).length === 2));
    // Messages may come out of order.
    const told = receiver.told(path).sort((one, other) => one.timestamp.localeCompare(other.timestamp));
    expect(told.map(({ type, data }) => [type, data.counter])).toEqual([
      ['watch.firing', 'shop:b'],
      ['watch.no_data', 'shop:b'],
    ]);
  });
});

describe('a rate', () => {
  it('is what was gained within its length', async () => {
    await service.calls.increment('gain', 1_000);
    const { id } = await watched({ name: 'gain', when: { rate: { over: '1h', above: 5_000 } } });
    await becomes(id, 'ok');
    await service.calls.increment('gain', 4_001);
    await becomes(id, 'firing');
    await service.calls.decrement('gain', 1_000);
    await becomes(id, 'ok');
  });

  it('of a counter that is older counts from what it was then', async () => {
    await service.calls.increment('old', 500);
    // As if that had been two hours ago, and were in the history.
    await eventually(async () => {
      const { rowCount } = await database.query(`SELECT FROM history_minutes WHERE name = 'old'`);
      return rowCount === 1;
    });
    await database.query(
      `UPDATE history_minutes SET at = at - interval '2 hours', created_at = created_at - interval '3 hours' WHERE name = 'old'`,
    );
    await database.query(
      `UPDATE counters SET created_at = created_at - interval '3 hours', updated_at = updated_at - interval '2 hours' WHERE name = 'old'`,
    );
    const { id, path } = await watched({ name: 'old', when: { rate: { over: '1h', above: 10 } } });
    await becomes(id, 'ok');
    await service.calls.increment('old', 11);
    await becomes(id, 'firing');
    await eventually(() => Promise.resolve(receiver.told(path).length === 1));
    expect(told(path)).toEqual([['watch.firing', 11]]);
  });
});

it('a silence fires when nothing was written for so long, and the next write ends it', async () => {
  await service.calls.increment('quiet', 1);
  const { id } = await watched({ name: 'quiet', when: { silent: '30m' } });
  await becomes(id, 'ok');
  await database.query(`UPDATE counters SET updated_at = updated_at - interval '31 minutes' WHERE name = 'quiet'`);
  await database.query(`UPDATE watch_states SET due_at = due_at - interval '31 minutes' WHERE watch_id = $1`, [id]);
  await becomes(id, 'firing');
  await service.calls.increment('quiet', 1);
  await becomes(id, 'ok');
});

it('of a counter that is not there, nobody can tell', async () => {
  const { id } = await watched({ name: 'nowhere', when: { below: 10 } });
  await look();
  expect(await shown(id)).toMatchObject({ state: 'no_data', counters: { firing: 0, ok: 0, noData: 1 } });
});

it('one that is muted tells nobody, and once it no longer is, what still holds', async () => {
  const { id, path } = await watched({ name: 'loud', when: { above: 1 }, muted: true });
  await service.calls.increment('loud', 5);
  await becomes(id, 'firing');
  await look();
  expect(receiver.told(path)).toEqual([]);
  expect((await service.calls.call('PATCH', `/v1/watches/${id}`, { muted: false })).status).toBe(200);
  await eventually(() => Promise.resolve(receiver.told(path).length === 1));
  expect(receiver.told(path)[0]).toMatchObject({ type: 'watch.firing' });
});

it('one that is put in the place of another begins anew where it is about something else', async () => {
  await service.calls.set('place', { value: 50 });
  const { id } = await watched({ name: 'place', when: { above: 10 } });
  await becomes(id, 'firing');
  expect((await service.calls.call('PUT', `/v1/watches/${id}`, { name: 'place', when: { above: 100 } })).status).toBe(
    200,
  );
  await becomes(id, 'ok');
  expect((await service.calls.call('DELETE', `/v1/watches/${id}`)).status).toBe(204);
  expect((await service.calls.call('GET', `/v1/watches/${id}`)).status).toBe(404);
});

it('when batches went that nobody had read, every watch says that nobody can tell, and then looks anew', async () => {
  await service.calls.increment('gap', 5);
  const { id, path } = await watched({ name: 'gap', when: { above: 1 } });
  await becomes(id, 'firing');
  await eventually(() => Promise.resolve(receiver.told(path).length === 1));
  // As clean-up does with a reader that does not come.
  await eventually(async () => {
    await database.query(`UPDATE batch_cursors SET has_gap = true WHERE name = 'watches'`);
    return (await turnsOf(id)).includes('no_data');
  });
  await becomes(id, 'firing');
  expect((await turnsOf(id)).slice(-2)).toEqual(['no_data', 'firing']);
  expect(service.app.log.join()).toContain('batches went before watches had read them');
});

it('Alertmanager is told which watches fire, on how many counters', async () => {
  await service.calls.set('alert', { value: 7 });
  const { id } = await watched({ name: 'alert', when: { above: 1 }, label: 'seven' });
  await becomes(id, 'firing');
  const numbers = await scrape(service.app.url);
  expect(numbers.get('evercount_watch_firing', { watch: id, label: 'seven' })).toBe(1);
  expect(numbers.get('evercount_watched_counters', { state: 'firing' })).toBeGreaterThan(0);
});

it.each([
  [{ name: 'a', prefix: 'a', when: { above: 1 } }, /must, and not both/],
  [{ when: { above: 1 } }, /name/],
  [{ name: 'a', when: {} }, /must be one of/],
  [{ name: 'a', when: { above: 1, below: 0 } }, /must be one of/],
  [{ name: 'a', when: { above: 1, silent: '1h' } }, /must be one of/],
  [{ name: 'a', when: { rate: { over: '1h', above: 1, below: 0 } } }, /and one of them/],
  [{ name: 'a', when: { rate: { over: '90s', above: 1 } } }, /whole minutes/],
  [{ name: 'a', when: { silent: '1s' } }, /from 1m/],
  [{ prefix: 'a', when: { unexpected: { hours: 2 } } }, /not of a prefix/],
  [{ name: 'a', when: { above: 1 }, notify: ['wh_0'] }, /no webhook wh_0/],
  [{ name: 'a', when: { above: 1 }, for: '8d' }, /7d/],
  [{ name: 'a', when: { above: 2 ** 53 } }, /must be/],
])('%j is refused', async (body, detail) => {
  const { status, text } = await service.calls.call('POST', '/v1/watches', body);
  expect([status, text]).toEqual([400, expect.stringMatching(detail)]);
});

it('without a watch, the log of batches is kept for nobody', async () => {
  const { body } = await service.calls.call<{ data: { id: string }[] }>('GET', '/v1/watches?limit=1000');
  for (const { id } of body.data) await service.calls.call('DELETE', `/v1/watches/${id}`);
  await eventually(async () => {
    await evaluator().runOnce();
    return (await service.app.nest.get(BatchLog, { strict: false }).lags()).length === 1;
  });
});
