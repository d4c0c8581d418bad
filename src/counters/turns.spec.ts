import { expect, it, jest } from '@jest/globals';
import { HandClock } from '../../test/support/hand-clock.js';
import { Turns } from './turns.js';

it('rests after each thing for its share, and those who wait take turns', async () => {
  jest.useFakeTimers();
  const clock = new HandClock();
  const turns = new Turns(clock, 3);
  const done: string[] = [];
  const take = (holder: string) =>
    turns.take(holder, () => {
      done.push(holder);
      clock.pass(10);
      return Promise.resolve();
    });
  const all = Promise.all([take('greedy'), take('greedy'), take('greedy'), take('modest')]);
  await jest.advanceTimersByTimeAsync(29);
  expect(done).toEqual(['greedy']);
  await jest.advanceTimersByTimeAsync(1);
  expect(done).toEqual(['greedy', 'greedy']);
  await jest.advanceTimersByTimeAsync(60);
  await all;
  expect(done).toEqual(['greedy', 'greedy', 'modest', 'greedy']);
  jest.useRealTimers();
});
