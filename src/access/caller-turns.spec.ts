import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { Unavailable } from '../domain/errors.js';
import { CallerTurns } from './caller-turns.js';

const PER_TURN = 4;

/** Who began, in order; asks so many times at once. */
function asking(turns: CallerTurns) {
  const begun: string[] = [];
  const ask = (caller: string, times = 1): void => {
    for (let time = 0; time < times; time += 1) {
      if (turns.take(caller, () => begun.push(caller))) begun.push(caller);
    }
  };
  return { begun, ask };
}

async function untilBegun(begun: readonly unknown[], count: number): Promise<void> {
  for (let turn = 0; turn < 10_000 && begun.length < count; turn += 1) await nextTurn();
  expect(begun.length).toBe(count);
}

it('whoever comes begins at once, as long as there is little to do', async () => {
  const { begun, ask } = asking(new CallerTurns(PER_TURN));
  ask('a', PER_TURN);
  expect(begun.length).toBe(PER_TURN);
  await nextTurn();
  ask('b');
  expect(begun.at(-1)).toBe('b');
});

it('who comes after a thousand of somebody else begins in the next turn, and those after it in turns', async () => {
  const { begun, ask } = asking(new CallerTurns(PER_TURN));
  ask('greedy', 1_000);
  ask('a', 2);
  ask('b');
  await untilBegun(begun, 1_003);
  expect(begun.indexOf('a')).toBe(PER_TURN + 1);
  expect(begun.indexOf('b')).toBe(PER_TURN + 2);
  expect(begun.lastIndexOf('a')).toBeLessThan(3 * PER_TURN);
});

it('each begins once, in its own order', async () => {
  const turns = new CallerTurns(PER_TURN);
  const begun: number[] = [];
  for (let index = 0; index < 100; index += 1) {
    if (turns.take(`caller ${index % 3}`, () => begun.push(index))) begun.push(index);
    if (index % 10 === 0) await nextTurn();
  }
  await untilBegun(begun, 100);
  for (const caller of [0, 1, 2]) {
    const own = begun.filter((index) => index % 3 === caller);
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
});

it('keeps nothing of what has begun, though its caller always has something waiting', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const turns = new CallerTurns(PER_TURN);
  const begun: WeakRef<() => void>[] = [];
  const ask = (): void => {
    const begin = (): void => {
      begun.push(new WeakRef(begin));
      ask();
    };
    if (turns.take('greedy', begin)) begin();
  };
  for (let time = 0; time < PER_TURN; time += 1) turns.take('others', () => undefined);
  for (let time = 0; time < 10; time += 1) ask();
  for (let turn = 0; turn < 10_000 && begun.length < 1_000; turn += 1) await nextTurn();
  collectGarbage();
  expect(begun.length).toBeGreaterThanOrEqual(1_000);
  expect(begun.filter((begin) => begin.deref() !== undefined).length).toBeLessThan(100);
});

it('where turns are long, less begins in each', async () => {
  let nowMs = 0;
  const turns = new CallerTurns(PER_TURN, () => nowMs);
  const begunIn: number[] = [];
  let turn = 0;
  const work = (): void => {
    begunIn.push(turn);
    nowMs += 3;
  };
  for (let index = 0; index < 20; index += 1) if (turns.take('slow', work)) work();
  while (begunIn.length < 20) {
    await nextTurn();
    turn += 1;
  }
  const last = begunIn.filter((each) => each === begunIn.at(-2));
  expect(last.length).toBeLessThanOrEqual(2);
});

it('where turns are long, one of each caller begins in each all the same', async () => {
  let nowMs = 0;
  const turns = new CallerTurns(PER_TURN, () => nowMs);
  const callers = ['a', 'b', 'c'];
  let turn = 0;
  const begunIn = new Map<string, number[]>(callers.map((caller) => [caller, []]));
  const ask = (caller: string): void => {
    const begin = (): void => {
      begunIn.get(caller)?.push(turn);
      nowMs += 10;
    };
    if (turns.take(caller, begin)) begin();
  };
  for (let index = 0; index < 20; index += 1) callers.forEach(ask);
  for (turn = 1; turn <= 15; turn += 1) await nextTurn();
  // More begins in the first turns, before it is known how long they are.
  for (const caller of callers)
    expect(begunIn.get(caller)?.filter((each) => each > 5).length).toBeGreaterThanOrEqual(10);
});

it('no more of a caller waits than its connections may bring, and others still may', () => {
  const turns = new CallerTurns(PER_TURN);
  const { ask } = asking(turns);
  ask('greedy', PER_TURN + 5_000);
  expect(turns.isFull('greedy')).toBe(true);
  expect(() => turns.take('greedy', () => undefined)).toThrow(Unavailable);
  expect(turns.isFull('a')).toBe(false);
});
