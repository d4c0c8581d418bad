import { EdgeLedger } from './edge-ledger.js';

const truthOf = (value: number) => new Map([['c', { value, version: 1, unknownByKey: new Map() }]]);

describe('what edges acknowledged', () => {
  const ledger = new EdgeLedger();
  for (const by of [1, 3, 2]) ledger.acknowledged('c', by);
  ledger.unknown('c', 2);

  it.each([6, 7, 8])('is in a truth of %i, where what was not answered may count', (value) => {
    expect(ledger.check(truthOf(value))).toEqual({ lost: 0, doubled: 0, violations: [] });
  });

  it('is lost where the truth is less, and doubled where it is more than that and what is unknown', () => {
    const said = 'and edges acknowledged 6 and left 2 open';
    const lost = { lost: 1, doubled: 0, violations: [`lost: c is 5, ${said}`] };
    expect(ledger.check(truthOf(5))).toEqual(lost);
    expect(ledger.check(truthOf(11))).toEqual({ lost: 0, doubled: 3, violations: [`doubled: c is 11, ${said}`] });
    expect(ledger.check(new Map())).toMatchObject({ lost: 6, doubled: 0 });
  });
});
