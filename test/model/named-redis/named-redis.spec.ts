import { explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { namedRedis } from './named-redis.js';
import { NAMED_REDIS, type Ability, type Cast, type NamedRedisRules } from './rules.js';

const everything: readonly Ability[] = ['hit', 'read', 'write', 'lease before write', 'name', 'publish', 'go blind'];
const slowly: readonly Ability[] = [...everything, 'hit slowly'];
const nothing = { commits: 0, namings: 0, blindPeriods: 0, moves: 0, losses: 0, ticksPerSecond: 1 };

/** Two instances with different servers, each of which may do anything. */
const rivals: Cast = {
  ...nothing,
  roles: [
    { server: 0, can: everything },
    { server: 1, can: everything },
  ],
  commits: 2,
  namings: 2,
};

/** A reader with one server, two instances with the other, one of which names it. */
const newcomers: Cast = {
  ...nothing,
  roles: [
    { server: 0, can: ['hit', 'read', 'publish'] },
    { server: 1, can: ['hit', 'read', 'write', 'name', 'publish'] },
    { server: 1, can: ['read', 'write', 'publish'] },
  ],
  commits: 1,
  namings: 1,
};

/** A reader, a writer that is cut off from the same server, and an instance with the other. */
const cutOff: Cast = {
  ...nothing,
  roles: [
    { server: 0, can: ['hit', 'read', 'publish'] },
    { server: 0, can: ['write', 'go blind'] },
    { server: 1, can: ['hit', 'read', 'write', 'name', 'publish'] },
  ],
  commits: 1,
  namings: 1,
  blindPeriods: 1,
};

/** A reader, and a writer that takes leases. */
const leasingWriter: Cast = {
  ...nothing,
  roles: [
    { server: 0, can: ['hit', 'write', 'lease before write', 'publish'] },
    { server: 0, can: ['write', 'go blind'] },
  ],
  commits: 3,
  blindPeriods: 1,
};

const run = (change: Partial<NamedRedisRules>, cast: Cast) =>
  explore(namedRedis({ ...NAMED_REDIS, ...change }, cast), 12_000_000);

describe('the guard with two servers of Redis shows no stale hit', () => {
  it.each<[string, Cast]>([
    ['two instances with different servers', rivals],
    ['an instance that joins after another named its server', newcomers],
    ['an instance cut off from its server', cutOff],
    ['leases taken by writers in a blind period', leasingWriter],
    ['a connection that leads to the other server all at once', { ...rivals, commits: 1, moves: 1 }],
    [
      'a GET that arrives long after its permission was looked at',
      { ...rivals, roles: rivals.roles.map((role) => ({ ...role, can: slowly })), commits: 1 },
    ],
  ])('%s', (_name, cast) => {
    expect(run({}, cast)).toMatchObject({ verdict: 'sound', trace: [] });
  });

  it('with a fill whose permission has run out: its lease keeps the epoch', () => {
    expect(run({ lease: 'once permitted' }, newcomers)).toMatchObject({ verdict: 'sound' });
    expect(run({ lease: 'once permitted' }, WHOLE ? cutOff : leasingWriter)).toMatchObject({ verdict: 'sound' });
  });

  if (WHOLE) {
    it.each<[string, Cast]>([
      ['rivals that go blind', { ...rivals, blindPeriods: 1 }],
      ['rivals, one of them moved, three commits', { ...rivals, commits: 3, moves: 1 }],
      ['rivals, one of them moved, and a lost key', { ...rivals, namings: 1, blindPeriods: 1, moves: 1, losses: 1 }],
      ['rivals by a finer clock', { ...rivals, ticksPerSecond: 2 }],
      ['rivals that go blind by a finer clock', { ...rivals, namings: 1, blindPeriods: 1, ticksPerSecond: 2 }],
      ['slow hits and a move', { ...rivals, roles: rivals.roles.map((role) => ({ ...role, can: slowly })), moves: 1 }],
      ['an instance cut off, two commits', { ...cutOff, commits: 2 }],
      ['newcomers, two commits', { ...newcomers, commits: 2 }],
    ])(
      '%s',
      (_name, cast) => {
        expect(run({}, cast)).toMatchObject({ verdict: 'sound', trace: [] });
      },
      600_000,
    );
  }
});

describe('the guard with two servers of Redis would show a stale hit', () => {
  it.each<[string, Partial<NamedRedisRules>, Cast]>([
    ['if nobody waited after a naming', { wait: 'nobody' }, rivals],
    ['if only the namer waited', { wait: 'namer' }, newcomers],
    ['if a published truth were answered without a look at the row', { answer: 'unchecked' }, rivals],
    ['if the row were looked at before the truth was learned', { answer: 'fresh before learning' }, rivals],
    ['if a fill were answered without a look at the row', { fillAnswer: 'unchecked' }, { ...rivals, moves: 1 }],
    ['if leases were taken without a permission', { lease: 'always' }, newcomers],
    ['if writers took leases without a permission', { lease: 'always' }, leasingWriter],
    ['if scripts did not say on which server they ran', { serverTold: false }, rivals],
  ])('%s', (_name, change, cast) => {
    const found = run(change, cast);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/hits v\d on redis \d, v\d was answered/);
  });
});
