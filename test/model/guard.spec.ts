import { type Exploration, explore } from './explorer.js';
import { type Bounds, type Faults, GUARD, type GuardRules, NO_FAULT } from './guard-rules.js';
import { guard } from './guard.js';
import { WHOLE } from './whole.js';

/** What is unsound shows within. */
const LONGEST: Bounds = { lastTick: 8, commits: 3 };
const SEARCHED: Bounds = WHOLE ? { lastTick: 6, commits: 3 } : { lastTick: 5, commits: 2 };

const LOSSY: Faults = { jump: 0, when: 'lossy failover' };
/** As the guard was once: a blind period ended when the clock of the database said so. */
const BY_THE_DATABASE: GuardRules = { ...GUARD, over: 'by the clock of the database', vouchesFor: 'nothing' };

const run = (change: Partial<GuardRules>, faults: Faults, bounds: Bounds): Exploration =>
  explore(guard({ ...GUARD, ...change }, faults, bounds), 30_000_000);

describe('the guard', () => {
  it.each<[string, Faults]>([
    ['where a standby takes over', { jump: 0, when: 'failover' }],
    ['where a standby takes over that missed a blind period', LOSSY],
  ])(
    `shows no stale hit in ${SEARCHED.lastTick} seconds, %s`,
    (_name, faults) => {
      expect(run({}, faults, SEARCHED)).toMatchObject({ verdict: 'sound', trace: [] });
    },
    600_000,
  );

  it('asks no clock of the database, so that may jump', () => {
    const short = { lastTick: 4, commits: 1 };
    const [steady, ahead, back] = [0, 4, -4].map((jump) => run({}, { jump, when: 'failover' }, short));
    expect(ahead).toEqual(steady);
    expect(back).toEqual(steady);
  });

  it.each<[string, Partial<GuardRules>, Faults]>([
    ['who knows of a blind period answered unpublished', { connectedInBlindPeriod: 'answers unpublished' }, NO_FAULT],
    ['blindness did not run out by its own clock', { blindness: 'for ever' }, NO_FAULT],
    ['renewals were not counted', { counted: 'registrations' }, NO_FAULT],
    ['nobody waited at its start', { waitsAtStart: false }, NO_FAULT],
    ['nobody waited at another database', { waitsAtFailover: false }, LOSSY],
    ['an instance vouched for more than it saw', { vouchesFor: 'database' }, NO_FAULT],
    ['the clock of the database ended blind periods, and jumped', BY_THE_DATABASE, { jump: 4, when: 'any time' }],
    ['it did, and that of a standby were ahead', BY_THE_DATABASE, { jump: 4, when: 'failover' }],
  ])('would show one, if %s', (_name, change, faults) => {
    const found = run(change, faults, LONGEST);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/C hits v\d, v\d was answered/);
  });

  it('was sound by the clock of the database as long as that was steady', () => {
    expect(run(BY_THE_DATABASE, NO_FAULT, { lastTick: 5, commits: 2 })).toMatchObject({ verdict: 'sound' });
  });
});
