import { explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { replicas } from './replicas.js';
import { REPLICAS, type ReplicaCast, type ReplicaRules } from './rules.js';

/** One failover to a replica that lags, while a reader fills and a writer names what it sees. */
const once: ReplicaCast = {
  roles: [
    ['hit', 'fill'],
    ['write', 'name'],
  ],
  commits: 1,
  namings: 1,
  blindPeriods: 0,
  failovers: 1,
  losses: 0,
};

/** There and back, before anybody has named anything. */
const twice: ReplicaCast = { ...once, failovers: 2, namings: 0 };
const slow: ReplicaCast = {
  ...once,
  roles: [
    ['hit slowly', 'fill'],
    ['write', 'name'],
  ],
};
const blind: ReplicaCast = {
  ...once,
  roles: [
    ['hit', 'fill'],
    ['write', 'name', 'go blind'],
  ],
  blindPeriods: 1,
};
const three: ReplicaCast = { ...once, roles: [...once.roles, ['write']] };

const SENTINEL: Partial<ReplicaRules> = { demoted: 'clients are ended' };

const run = (change: Partial<ReplicaRules>, cast: ReplicaCast) =>
  explore(replicas({ ...REPLICAS, ...change }, cast), 12_000_000);

describe('the guard with a replica shows no stale hit', () => {
  it.each<[string, Partial<ReplicaRules>, ReplicaCast]>([
    ['where the primary is demoted by hand, and keeps its clients', {}, once],
    ['with two commits', {}, { ...once, commits: 2 }],
    ['with a GET that arrives long after its permission was looked at', {}, slow],
    ['where somebody goes blind', {}, blind],
    ['where a key is lost', {}, { ...once, losses: 1 }],
    ['under Sentinel, there and back', SENTINEL, { ...twice, namings: 1 }],
    [
      'under Sentinel, which ends connections, even if nothing were asked behind a GET',
      { ...SENTINEL, fence: 'nothing' },
      twice,
    ],
    ['where it is promoted again within a second', {}, twice],
    ['once, if only its role were asked behind a GET', { fence: 'primary' }, once],
  ])('%s', (_name, change, cast) => {
    expect(run(change, cast)).toMatchObject({ verdict: 'sound', trace: [] });
  });

  if (WHOLE) {
    it.each<[string, Partial<ReplicaRules>, ReplicaCast]>([
      ['three instances', {}, three],
      ['under Sentinel, there and back, two namings', SENTINEL, { ...twice, namings: 2, commits: 2 }],
      ['under Sentinel, slowly, there and back', SENTINEL, { ...slow, failovers: 2 }],
      ['where somebody goes blind, two commits', {}, { ...blind, commits: 2 }],
    ])(
      '%s',
      (_name, change, cast) => {
        expect(run(change, cast)).toMatchObject({ verdict: 'sound', trace: [] });
      },
      600_000,
    );
  }
});

describe('the guard with a replica would show a stale hit', () => {
  it.each<[string, Partial<ReplicaRules>, ReplicaCast]>([
    ['if nothing were asked behind a GET', { fence: 'nothing' }, once],
    ['if the row named an address', { name: 'address' }, once],
    ['if nobody waited after a naming', { wait: 'nobody' }, once],
    ['if a publish counted whatever the row names', { answer: 'any' }, once],
    ['if only its role were asked, and it were promoted again within a second', { fence: 'primary' }, twice],
  ])('%s', (_name, change, cast) => {
    const found = run(change, cast);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/hits v\d at place \d, v\d was answered/);
  });
});
