import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Lane, type Queued } from './lane.js';

interface Item extends Queued {
  readonly holder: string | null;
  readonly index: number;
}

const MAX_BATCH = 10;
const MAX_OF_ONE = 6;

/** A lane whose first batch is not committed before `go`; answers what was in each batch. */
function held() {
  const batches: Item[][] = [];
  let go: () => void = () => undefined;
  const begin = new Promise<void>((resolve) => (go = resolve));
  const lane = new Lane<Item>(
    MAX_BATCH,
    MAX_OF_ONE,
    ({ holder }) => holder,
    () => false,
    async (batch) => {
      batches.push([...batch]);
      await begin;
      return [];
    },
  );
  let index = 0;
  const add = (holder: string | null, count: number, size = 1): void => {
    for (let item = 0; item < count; item += 1) lane.add({ holder, size, index: index++, acceptedAtMs: 0, span: null });
  };
  const all = async (count: number): Promise<Item[][]> => {
    go();
    while (batches.flat().length < count) await nextTurn();
    return batches;
  };
  return { add, all };
}

const holdersOf = (batch: readonly Item[] = []): string => batch.map(({ holder }) => holder ?? '-').join('');

it('who comes after many of one holder is in the next batch', async () => {
  const { add, all } = held();
  add('g', 1);
  await nextTurn();
  await nextTurn();
  add('g', 100);
  add('a', 1);
  add('b', 2);
  const batches = await all(104);
  expect(holdersOf(batches[1])).toBe('ggggggabb');
  expect(holdersOf(batches[2])).toBe('gggggg');
});

it('each holder keeps its order', async () => {
  const { add, all } = held();
  for (let turn = 0; turn < 20; turn += 1) {
    add('g', 5);
    add('a', 2, 2);
  }
  const taken = (await all(140)).flat();
  for (const holder of ['g', 'a']) {
    const own = taken.filter((item) => item.holder === holder).map(({ index }) => index);
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
});

it('what is larger than a share goes by itself, and what is nobody’s fills a batch', async () => {
  const { add, all } = held();
  add('g', 1);
  await nextTurn();
  await nextTurn();
  add('a', 1, 50);
  add(null, 12);
  const batches = await all(14);
  expect(batches.map(holdersOf)).toEqual(['g', 'a', '-'.repeat(MAX_BATCH), '--']);
});

it('what is all nobody’s goes as it came, in batches as full as they may be', async () => {
  const { add, all } = held();
  add(null, 1);
  await nextTurn();
  await nextTurn();
  add(null, 4, 3);
  add(null, 1, 50);
  add(null, 2);
  const batches = await all(8);
  expect(batches.map((batch) => batch.map(({ index }) => index))).toEqual([[0], [1, 2, 3], [4], [5], [6, 7]]);
});

describe('those who were answered', () => {
  beforeEach(
    () => void jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] }),
  );
  afterEach(() => void jest.useRealTimers());

  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  };

  /** A lane that commits at once; answers how many were in each batch. */
  const quick = (gathers = true) => {
    const sizes: number[] = [];
    const lane = new Lane<Item>(
      100,
      100,
      () => null,
      () => gathers,
      (batch) => {
        sizes.push(batch.length);
        return Promise.resolve([]);
      },
    );
    const add = (count: number): void => {
      for (let index = 0; index < count; index += 1)
        lane.add({ holder: null, size: 1, index, acceptedAtMs: 0, span: null });
    };
    return { sizes, add };
  };

  it('are waited for where others commit the same, until all are there again', async () => {
    const { sizes, add } = quick();
    add(10);
    await turns();
    add(9);
    await turns();
    expect(sizes).toEqual([10]);
    add(1);
    await turns();
    expect(sizes).toEqual([10, 10]);
  });

  it('are waited for no longer than two milliseconds', async () => {
    const { sizes, add } = quick();
    add(10);
    await turns();
    add(3);
    await turns();
    expect(sizes).toEqual([10]);
    await jest.advanceTimersByTimeAsync(2);
    await turns();
    expect(sizes).toEqual([10, 3]);
  });

  it('are not waited for where nobody else commits', async () => {
    const { sizes, add } = quick(false);
    add(10);
    await turns();
    add(1);
    await turns();
    expect(sizes).toEqual([10, 1]);
  });

  it('are not waited for where they are few', async () => {
    const { sizes, add } = quick();
    add(3);
    await turns();
    add(1);
    await turns();
    expect(sizes).toEqual([3, 1]);
  });
});
