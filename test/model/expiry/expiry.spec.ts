import { type Exploration, explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { expiry } from './expiry.js';
import { EXPIRY, type ExpiryRules, type ExpiryScenario } from './rules.js';

const STEADY: ExpiryScenario = { writers: 2, readers: WHOLE ? 3 : 2, setBack: 0 };
const SET_BACK: ExpiryScenario = { ...STEADY, setBack: 1 };

const run = (change: Partial<ExpiryRules>, scenario: ExpiryScenario): Exploration =>
  explore(expiry({ ...EXPIRY, ...change }, scenario), 20_000_000);

describe('the end of a counter', () => {
  it.each<[string, ExpiryScenario]>([
    ['by a steady clock', STEADY],
    ['by a clock that is set back', SET_BACK],
  ])(
    'is the same for everybody, %s',
    (_, scenario) => {
      expect(run({}, scenario)).toMatchObject({ verdict: 'sound', trace: [] });
    },
    600_000,
  );

  it('need not be written down by who reads, as long as the clock is steady', () => {
    expect(run({ ends: 'asked again' }, STEADY)).toMatchObject({ verdict: 'sound' });
  });

  it.each<[string, Partial<ExpiryRules>, ExpiryScenario]>([
    ['a reader did not wait for whoever still found it alive', { ends: 'told at once' }, STEADY],
    ['it was told without being written down, and the clock set back', { ends: 'asked again' }, SET_BACK],
    ['it were not, and what begins anew one version on', { ends: 'asked again', beginsAfter: 1 }, STEADY],
    [
      'it were not, and writers looked at the clock before they had the row',
      { ends: 'asked again', judges: 'before the lock' },
      STEADY,
    ],
    ['entries lived on', { entries: 'live on', hits: 'told' }, STEADY],
    ['an entry that came late were told', { hits: 'told' }, STEADY],
  ])('would not be, if %s', (_, change, scenario) => {
    const found = run(change, scenario);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/answers v\d, (of which something else was told|invoked when v\d was known)/);
  });
});
