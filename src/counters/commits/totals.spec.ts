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

  it('tells the highest and lowest running sum wherever the sum alone could hide a step out of bounds', () => {
    fc.assert(
      fc.property(fc.array(addend, { minLength: 1 }), (addends) => {
        const { totals, running } = addUp(addends);
        for (const { name, sum, swing } of totals) {
          const sums = running.filter((_, index) => addends[index]?.name === name).map((sofar) => sofar.sum);
          const { highest, lowest } = swing ?? { highest: sum, lowest: sum };
          // Of one sign: what the sum does not tell is on the near side of the value before, which was in bounds.
          expect(Math.max(0, highest)).toBe(Math.max(0, ...sums));
          expect(Math.min(0, lowest)).toBe(Math.min(0, ...sums));
        }
      }),
    );
  });

  it('leaves a counter out whose running sum leaves the range on the way', () => {
    const max = { name: 'wide', by: MAX_VALUE };
    expect(addUp([max, { name: 'wide', by: 1 }, { name: 'wide', by: -1 }, { name: 'fine', by: 1 }]).totals).toEqual([
      { name: 'fine', sum: 1, count: 1, swing: null },
    ]);
    expect(addUp([max, { name: 'wide', by: -MAX_VALUE }]).totals).toHaveLength(1);
  });
});
