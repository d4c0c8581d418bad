/** What changes over time, as the client tells it: the stream, the history, and who is first. */
import { beforeAll, expect, it } from '@jest/globals';
import { Evercount } from '../../client/src/evercount.js';
import { watch, type Change, type WatchOptions } from '../../client/src/watch.js';
import { freePort } from '../../src/embedded/free-port.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withServiceProcess } from '../support/service.js';

const service = withServiceProcess({ env: async () => ({ PORT: String(await freePort()) }) });
let client: Evercount;
beforeAll(() => {
  client = new Evercount({ url: service.app.url, fetch: heldFetch });
});

/** Watches in the background; `end` settles with what iterating over it came to. */
function watching(options: WatchOptions) {
  const ending = new AbortController();
  const told: Change[] = [];
  const ended = (async () => {
    for await (const change of watch(client, { ...options, signal: ending.signal })) told.push(change);
    return 'done';
  })();
  return {
    told: () => told.filter(({ kind }) => kind !== 'status'),
    feeds: () => told.flatMap((change) => (change.kind === 'status' ? [change.feed] : [])),
    end: () => {
      ending.abort();
      return ended;
    },
  };
}

it('tells what there is, then each change, until it is ended', async () => {
  await client.increment('watched/ä b', 3);
  const { told, feeds, end } = watching({ names: ['watched/ä b'], prefixes: ['more:'] });
  await eventually(() => told().length === 1);
  expect(told()[0]).toMatchObject({ kind: 'snapshot', counters: [{ name: 'watched/ä b', value: 3 }] });
  await client.increment('more:1');
  await eventually(() => told().length === 2);
  expect(told()[1]).toMatchObject({ kind: 'change', counter: { name: 'more:1', value: 1, version: 1 } });
  await client.delete('watched/ä b');
  await eventually(() => told().length === 3);
  expect(told()[2]).toEqual({ kind: 'deleted', name: 'watched/ä b', version: 2 });
  await eventually(() => feeds().at(-1) === 'live');
  expect(await end()).toBe('done');
});

it('connects again when the service was away, and begins with what is there then', async () => {
  await client.set('kept', 1);
  const { told, feeds, end } = watching({ names: ['kept'] });
  await eventually(() => told().length === 1);
  await service.app.kill();
  await eventually(() => feeds().at(-1) === 'lost');
  await service.startAgain();
  await client.set('kept', 2);
  await eventually(
    () =>
      told().some((change) => change.kind === 'snapshot' && change.counters[0]?.value === 2) ||
      told().some((change) => change.kind === 'change' && change.counter.value === 2),
  );
  expect(told()[1]?.kind).toBe('snapshot');
  expect(await end()).toBe('done');
});

it('is done at once when it was ended before, and when nobody asks for more', async () => {
  expect(await watch(client, { names: ['kept'], signal: AbortSignal.abort() }).next()).toEqual({
    done: true,
    value: undefined,
  });
  for await (const change of watch(client, { names: ['kept'] })) {
    expect(change.kind).toBe('snapshot');
    break;
  }
});

it('throws what the service refuses', async () => {
  await expect(watch(client, { prefixes: ['a', 'b', 'c', 'd', 'e', 'f'] }).next()).rejects.toMatchObject({
    name: 'InvalidRequest',
    status: 400,
  });
  await expect(watch(client, { names: ['.'] }).next()).rejects.toMatchObject({ name: 'InvalidRequest', status: null });
});

it('tells what came of counters over time, and who is first', async () => {
  for (const [name, by] of [
    ['rank:a', 3],
    ['rank:b', 5],
  ] as const)
    await client.increment(name, by);
  await eventually(async () => (await client.history('rank:b', { interval: 'minute' })).at(-1)?.value === 5);
  const from = new Date(Date.now() - 3_600_000);
  const points = await client.history('rank:b', { interval: 'minute', from });
  expect(points.reduce((sum, { delta }) => sum + delta, 0)).toBe(5);
  const [month] = await client.history('rank:b', { interval: 'month', tz: 'Asia/Kolkata' });
  expect(month).toMatchObject({ at: expect.stringMatching(/T18:30:00/), value: 5 });
  await expect(client.history('nowhere')).rejects.toMatchObject({ name: 'NotFound' });

  const [first, none, second] = await client.histories(['rank:b', 'nowhere', 'rank:a'], { interval: 'minute', from });
  expect([first?.at(-1)?.value, none, second?.at(-1)?.value]).toEqual([5, null, 3]);
  expect(first?.map(({ at }) => at)).toEqual(second?.map(({ at }) => at));
  await expect(client.histories(['.'])).rejects.toMatchObject({ name: 'InvalidRequest', status: null });
  const tooMany = Array.from({ length: 21 }, (_, index) => `rank:${index}`);
  await expect(client.histories(tooMany)).rejects.toMatchObject({ name: 'InvalidRequest', status: 400 });

  expect(await client.top({ prefix: 'rank:', limit: 1 })).toMatchObject({ data: [{ name: 'rank:b', value: 5 }] });
  const summary = () => client.summary({ prefix: 'rank:', over: 'P1D' });
  // What was gained is told some seconds late.
  await eventually(async () => (await summary()).change === 8);
  expect(await summary()).toMatchObject({ prefix: 'rank:', count: 2, sum: 8, tz: 'UTC' });
});
