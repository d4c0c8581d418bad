import { expect, it } from '@jest/globals';
import { HandClock } from '../../../test/support/hand-clock.js';
import { ABSENCES_PER_MINUTE, AbsenceBudget } from './absence-budget.js';

function taken(budget: AbsenceBudget): number {
  let count = 0;
  while (count <= 2 * ABSENCES_PER_MINUTE && budget.take()) count += 1;
  return count;
}

it('so many absences are taken at once, as many in each minute after it, and none is saved up beyond', () => {
  const clock = new HandClock();
  const budget = new AbsenceBudget(clock);
  expect([taken(budget), taken(budget)]).toEqual([ABSENCES_PER_MINUTE, 0]);
  clock.pass(30_000);
  expect(taken(budget)).toBe(ABSENCES_PER_MINUTE / 2);
  clock.pass(600_000);
  expect(taken(budget)).toBe(ABSENCES_PER_MINUTE);
});
