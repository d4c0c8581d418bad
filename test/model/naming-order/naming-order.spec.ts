import { explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { NAMING, type NamingCast, namingOrder, type NamingRules } from './naming-order.js';

const failover: NamingCast = { instances: 2, failovers: 2, beginnings: 0 };
const anew: NamingCast = { instances: 2, failovers: 1, beginnings: 1 };

const run = (change: Partial<NamingRules>, cast: NamingCast) =>
  explore(namingOrder({ ...NAMING, ...change }, cast), 12_000_000);

describe('the order of names', () => {
  it.each<[string, NamingCast]>([
    ['nobody takes the cache from the others by an older view', failover],
    ['a cluster that was made anew is used again', anew],
    ...(WHOLE
      ? [['both, with three instances', { instances: 3, failovers: 1, beginnings: 1 }] as [string, NamingCast]]
      : []),
  ])('%s', (_name, cast) => {
    expect(run({}, cast)).toMatchObject({ verdict: 'sound', trace: [] });
  });

  it.each<[string, Partial<NamingRules>, NamingCast, RegExp]>([
    ['whoever was left behind named what it finds', { order: 'any' }, failover, /names place \d in place of \d/],
    ['nothing older were ever named', { escape: false }, anew, /alone for half a minute, and does not name it/],
    ['a part of the older view were enough', { wholeOnly: false }, failover, /sees a part, and names/],
    ['it need not be one and the same place', { sameOnly: false }, failover, /names place \d in place of \d/],
  ])('would be no good, if %s', (_name, change, cast, end) => {
    const found = run(change, cast);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(end);
  });
});
