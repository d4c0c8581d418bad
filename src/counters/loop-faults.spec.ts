import { expect, it } from '@jest/globals';
import { Unavailable } from '../domain/errors.js';
import { StoreFailure } from '../store/failure.js';
import { LoopFaults } from './loop-faults.js';

it('a fault is told once, until it went well or is another one; that a server is away is not', () => {
  const told: unknown[] = [];
  const faults = new LoopFaults({ error: (error: unknown) => told.push(error) });
  const [broken, other] = [new TypeError('broken'), new StoreFailure('rejected', new Error('no such column'))];
  faults.note(new StoreFailure('not_sent', new Error('away')));
  faults.note(new Unavailable('away'));
  for (const error of [broken, broken, other, broken]) faults.note(error);
  faults.clear();
  faults.note(broken);
  expect(told).toEqual([broken, other, broken, broken]);
});
