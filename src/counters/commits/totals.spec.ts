import fc from 'fast-check';
import { MAX_VALUE } from '../../domain/operands.js';
import { type AddedUp, addUp } from './totals.js';

const addend = fc.record({
  name: fc.constantFrom('a', 'b', '__proto__', '\u{1F600}'),
  by: fc.integer({ min: -9, max: 9 }),
});

const addUpAll = (addends: readonly { name: string; by: number }[]): AddedUp =>
  addUp(
    addends,
    addends.map(() => null),
  );

describe('adding up', () => {
  it('gives each increment the sum and the count up to itself', () => {
    fc.assert(
      fc.property(fc.array(addend), (addends) => {
        const { sums, counts } = addUpAll(addends);
        addends.forEach(({ name }, index) => {
          const own = addends.slice(0, index + 1).filter((other) => other.name === name);
          const sum = own.reduce((all, { by }) => all + by, 0);
          expect([sums[index], counts[index]]).toEqual([sum, own.length]);
        });
      }),
    );
  });

  it('tells how far the running sum goes on the way, each side of the value before', () => {
    fc.assert(
      fc.property(fc.array(addend, { minLength: 1 }), (addends) => {
        const { totals, sums } = addUpAll(addends);
        for (const { name, highest, lowest } of totals.values()) {
          const own = sums.filter((_, index) => addends[index]?.name === name);
          expect([highest, lowest]).toEqual([Math.max(0, ...own), Math.min(0, ...own)]);
        }
      }),
    );
  });

  it('leaves a counter out whose running sum leaves the range on the way', () => {
    const max = { name: 'wide', by: MAX_VALUE };
    const addends = [max, { name: 'wide', by: 1 }, { name: 'wide', by: -1 }, { name: 'fine', by: 1 }];
    expect([...addUpAll(addends).totals.keys()]).toEqual(['fine']);
    expect(addUpAll([max, { name: 'wide', by: -MAX_VALUE }]).totals.size).toBe(1);
  });

  it('names the first who counted a counter as its creator', () => {
    const [first, second] = ['1', '2'].map((keyId) => ({ keyId, maxNames: 1, names: 0 }));
    const addends = ['a', 'a', 'b', 'b'].map((name) => ({ name, by: 1 }));
    const { totals } = addUp(addends, [first ?? null, second ?? null, null, second ?? null]);
    expect([totals.get('a')?.creator, totals.get('b')?.creator]).toEqual([first, null]);
  });
});
