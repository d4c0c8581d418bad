import { expect, it } from '@jest/globals';
import { ABSENCES_PER_MINUTE, AbsenceBudget } from './absence-budget.js';

function taken(budget: AbsenceBudget, nowMs: number): number {
  let count = 0;
  while (count <= 2 * ABSENCES_PER_MINUTE && budget.take(nowMs)) count += 1;
  return count;
}

it('so many absences are taken at once, as many in each minute after it, and none is saved up beyond', () => {
  const budget = new AbsenceBudget();
  const startMs = performance.now();
  expect(taken(budget, startMs)).toBe(ABSENCES_PER_MINUTE);
  expect(taken(budget, startMs)).toBe(0);
  expect(taken(budget, startMs + 30_000)).toBeCloseTo(ABSENCES_PER_MINUTE / 2, -1);
  expect(taken(budget, startMs + 600_000)).toBe(ABSENCES_PER_MINUTE);
});
