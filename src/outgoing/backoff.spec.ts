import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pauseAfterMs } from './backoff.js';

it('pauses grow from seconds to hours, and fit a dozen tries into a day', () => {
  const pauses = Array.from({ length: 12 }, (_, index) => pauseAfterMs(index + 1, 0));
  expect(pauses.slice(0, 7).map((ms) => ms / 1_000)).toEqual([5, 20, 80, 320, 1_280, 5_120, 14_400]);
  let [tries, passedMs] = [1, 0];
  while (passedMs + pauseAfterMs(tries, 0) <= 86_400_000) passedMs += pauseAfterMs(tries++, 0);
  expect(tries).toBe(12);
});

it('no pause is longer than the longest and its fifth, however often it was tried', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      expect(pauseAfterMs(attempt, random)).toBeGreaterThanOrEqual(5_000);
      expect(pauseAfterMs(attempt, random)).toBeLessThanOrEqual(17_280_000);
    }),
  );
});
