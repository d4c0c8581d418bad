import { expect, it } from '@jest/globals';
import { slopeOf } from './slope.js';

it('is what each one more adds, whatever was there before', () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 7 + 5 * x]))).toBeCloseTo(5);
});

it('is the line that is nearest to all, of what does not lie on one', () => {
  expect(
    slopeOf([
      [1, 2],
      [2, 5],
      [3, 3],
      [4, 8],
    ]),
  ).toBeCloseTo(1.6);
});

it('is none where there is but one size', () => {
  expect(
    slopeOf([
      [2, 1],
      [2, 3],
    ]),
  ).toBeNaN();
});
