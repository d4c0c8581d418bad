import { expect, it } from '@jest/globals';
import { IncrementRun } from './increment-run.js';

const operations = Array.from(
  { length: 450 },
  (_, index) => ({ kind: 'increment', name: `n${index}`, by: 1 }) as const,
);

it('is committed in as many parts as it takes, in order, and answered as one', () => {
  const answers: unknown[] = [];
  const run = new IncrementRun({ operations, creator: null, requestId: 'request' }, 0, null, (results) =>
    answers.push(...results),
  );
  const parts = [...run.partsOf(200)];
  expect(parts.map(({ size }) => size)).toEqual([200, 200, 50]);
  expect(parts.flatMap(({ increments }) => increments.operations)).toEqual(operations);
  // Whichever of them is committed first.
  for (const part of [...parts].reverse()) {
    expect(answers).toEqual([]);
    part.increments.operations.forEach(({ name }, place) => part.settle(place, Number(name.slice(1))));
  }
  expect(answers).toEqual(operations.map((_, index) => index));
  expect([...run.partsOf(450)]).toEqual([run]);
});
