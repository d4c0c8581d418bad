import { expect, it } from '@jest/globals';
import { type Holder, Shares } from './shares.js';

/** How many of so many wishes are granted. */
function taken(shares: Shares, holder: Holder, wishes = 1_000): number {
  let granted = 0;
  for (let wish = 0; wish < wishes; wish += 1) {
    shares.add(holder);
    if (shares.allow(holder)) granted += 1;
    else shares.remove(holder);
  }
  return granted;
}

it('who is alone has half of it, and the next one half of what is left', () => {
  const shares = new Shares(100);
  expect(taken(shares, 'greedy')).toBe(50);
  expect(taken(shares, 'other')).toBe(25);
  expect([taken(shares, 'greedy'), taken(shares, 'other')]).toEqual([0, 0]);
});

it('four that take all they get leave others theirs', () => {
  const shares = new Shares(2_000);
  for (const holder of ['a', 'b', 'c', 'd']) taken(shares, holder, 2_000);
  expect(taken(shares, 'modest', 60)).toBe(60);
  // However few there are of it.
  const few = new Shares(32);
  for (const holder of ['a', 'b', 'c', 'd']) taken(few, holder);
  expect([taken(few, 'modest', 1), taken(few, 'further', 1)]).toEqual([1, 1]);
});

it('what is given back is there again, for those that have least first', () => {
  const shares = new Shares(100);
  taken(shares, 'greedy');
  taken(shares, 'other');
  for (let back = 0; back < 10; back += 1) shares.remove('greedy');
  expect(taken(shares, 'greedy')).toBe(0);
  expect(taken(shares, 'third')).toBe(17);
  for (let back = 0; back < 40; back += 1) shares.remove('greedy');
  expect(taken(shares, 'greedy')).toBe(29);
});

it('where nobody is asked for a key there is nobody to keep anything for', () => {
  expect(taken(new Shares(100), null)).toBe(100);
});
