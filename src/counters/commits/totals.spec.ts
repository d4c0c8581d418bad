import fc from 'fast-check';
import { MAX_VALUE } from '../counter.js';
import { addUp } from './totals.js';

const addend = fc.record({
  name: fc.constantFrom('a', 'b', '__proto__', '\u{1F600}'),
  by: fc.integer({ min: -9, max: 9 }),
});

describe('adding up', () => {
  it('gives each increment the sum and the count up to itself', () => {
    fc.assert(
      fc.property(fc.array(addend), (addends) => {
        const { running } = addUp(addends);
        addends.forEach(({ name }, index) => {
          const own = addends.slice(0, index + 1).filter((other) => other.name === name);
          const sum = own.reduce((all, { by }) => all + by, 0);
          expect(running[index]).toEqual({ sum, count: own.length });
        });
      }),
    );
  });

  it('tells how far the running sum goes on the way, each side of the value before', () => {
    fc.assert(
      fc.property(fc.array(addend, { minLength: 1 }), (addends) => {
        const { totals, running } = addUp(addends);
        for (const { name, highest, lowest } of totals.values()) {
          const sums = running.filter((_, index) => addends[index]?.name === name).map((sofar) => sofar.sum);
          expect([highest, lowest]).toEqual([Math.max(0, ...sums), Math.min(0, ...sums)]);
        }
      }),
    );
  });

  it('leaves a counter out whose running sum leaves the range on the way', () => {
    const max = { name: 'wide', by: MAX_VALUE };
    const addends = [max, { name: 'wide', by: 1 }, { name: 'wide', by: -1 }, { name: 'fine', by: 1 }];
    expect([...addUp(addends).totals.keys()]).toEqual(['fine']);
    expect(addUp([max, { name: 'wide', by: -MAX_VALUE }]).totals.size).toBe(1);
  });
});
