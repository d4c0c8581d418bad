import { expect, it } from '@jest/globals';
import type { Counter } from '../../domain/counter.js';
import type { Total } from '../../store/increment-codec.js';
import { Rivals } from './rivals.js';

const total = (name: string, count: number): Total => ({
  name,
  count,
  creator: null,
  sum: count,
  highest: count,
  lowest: 0,
  expiry: undefined,
});

const at = (name: string, version: number): [string, Counter] => [
  name,
  { name, value: version, version, min: null, max: null, expiresAt: null, createdAt: '', updatedAt: '' },
];

it('whoever counts a hot counter alone has no rivals, and whoever finds changes between his batches has', () => {
  const rivals = new Rivals();
  const note = (count: number, version: number): boolean => {
    rivals.note([total('other', 1), total('hot', count)], new Map([at('other', 1), at('hot', version)]));
    return rivals.isContended;
  };
  // Nobody knows what was before the first one.
  expect([note(10, 500), note(20, 520), note(20, 545), note(5, 550)]).toEqual([false, false, true, false]);
});

it('a counter that is not hot, another one than before, or one that was not changed, tells of nobody', () => {
  const rivals = new Rivals();
  const note = (totals: Total[], applied: [string, Counter][]): boolean => {
    rivals.note(totals, new Map(applied));
    return rivals.isContended;
  };
  expect(note([total('a', 10)], [at('a', 10)])).toBe(false);
  expect(note([total('a', 3)], [at('a', 20)])).toBe(false);
  expect(note([total('a', 10)], [at('a', 40)])).toBe(false);
  expect(note([total('b', 10)], [at('b', 90)])).toBe(false);
  expect(note([total('b', 10)], [at('b', 110)])).toBe(true);
  expect(note([total('b', 10)], [])).toBe(false);
  expect(note([total('b', 10)], [at('b', 200)])).toBe(false);
});
