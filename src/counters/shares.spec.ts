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

it('who is alone has all but what is kept for others, and they get that', () => {
  const shares = new Shares(100);
  expect(taken(shares, 'greedy')).toBe(75);
  expect(taken(shares, 'other')).toBe(25);
  expect([taken(shares, 'greedy'), taken(shares, 'other'), taken(shares, 'third')]).toEqual([0, 0, 0]);
});

it('who takes all it gets leaves several others theirs', () => {
  const shares = new Shares(100);
  taken(shares, 'greedy');
  for (const holder of ['a', 'b', 'c', 'd', 'e']) expect(taken(shares, holder, 5)).toBe(5);
});

it('what is given back is there again, for those below their share first', () => {
  const shares = new Shares(100);
  taken(shares, 'greedy');
  taken(shares, 'other');
  for (let back = 0; back < 10; back += 1) shares.remove('greedy');
  expect(taken(shares, 'greedy')).toBe(0);
  expect(taken(shares, 'third')).toBe(10);
  for (let back = 0; back < 65; back += 1) shares.remove('greedy');
  expect(taken(shares, 'greedy')).toBe(40);
});

it('where nobody is asked for a key there is nobody to keep anything for', () => {
  expect(taken(new Shares(100), null)).toBe(100);
});
