import { explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { cluster } from './cluster.js';
import { CLUSTER, type ClusterCast, type ClusterRules } from './rules.js';

/** A failover to a replica that lags, the old primary alive; a reader fills, a writer names what it sees. */
const once: ClusterCast = {
  servers: 'primary and replica',
  roles: [
    ['hit', 'fill'],
    ['write', 'name'],
  ],
  commits: 1,
  namings: 1,
  blindPeriods: 0,
  failovers: 1,
  moves: 0,
  force: false,
  twins: false,
  returns: 'with it',
  losses: 0,
  flushes: false,
};

/** There and back within a second, before anybody has named anything. */
const twice: ClusterCast = { ...once, failovers: 2, namings: 0 };
const slowRoles: ClusterCast['roles'] = [
  ['hit slowly', 'fill'],
  ['write', 'name'],
];
const blindRoles: ClusterCast['roles'] = [
  ['hit', 'fill'],
  ['write', 'name', 'go blind'],
];
/** A slot that is moved between two living primaries: no identity changes. */
const moved: ClusterCast = { ...once, servers: 'two primaries', failovers: 0, moves: 1 };
const forced: ClusterCast = { ...moved, force: true };
/** A move that is cancelled as it must be: the primary keeps the slot, and takes back what was sent away. */
const cancelled: ClusterCast = { ...moved, returns: 'later, a second after the opening', namings: 0, blindPeriods: 1 };
const flushed: ClusterCast = { ...moved, roles: [['hit'], ['name']], losses: 1, flushes: true };

const run = (change: Partial<ClusterRules>, cast: ClusterCast) =>
  explore(cluster({ ...CLUSTER, ...change }, cast), 12_000_000);

describe('the guard of a unit shows no stale hit', () => {
  it.each<[string, Partial<ClusterRules>, ClusterCast]>([
    ['where a replica that lags takes over, and the old primary is alive', {}, once],
    ['the same, with two commits', {}, { ...once, commits: 2 }],
    ['the same, with a GET that arrives long after its permission was looked at', {}, { ...once, roles: slowRoles }],
    ['where it is promoted again within a second', {}, twice],
    ['where slots are moved key by key, and the move is cancelled or not', {}, moved],
    ['where they go there and back', {}, { ...moved, moves: 2 }],
    ['where they are moved and somebody goes blind', {}, { ...moved, roles: blindRoles, blindPeriods: 1 }],
    ['where they are taken by force', {}, { ...forced, commits: 2 }],
    ['where a move is cancelled a second after the slot was opened, and what was sent away comes back', {}, cancelled],
    ['the same, if nobody may go blind', {}, { ...cancelled, blindPeriods: 0 }],
    ['if the row named the whole map, which costs more', { name: 'whole map' }, { ...moved, commits: 2 }],
  ])('%s', (_name, change, cast) => {
    expect(run(change, cast)).toMatchObject({ verdict: 'sound', trace: [] });
  });

  it('and everybody notices a flush of any server by its next poll', () => {
    expect(run({}, flushed)).toMatchObject({ verdict: 'sound', trace: [] });
  });

  if (WHOLE) {
    const everything: ClusterCast['roles'] = [
      ['hit', 'fill', 'bypass', 'name'],
      ['write', 'fill', 'name'],
    ];
    const three: ClusterCast['roles'] = [...once.roles, ['write']];
    it.each<[string, Partial<ClusterRules>, ClusterCast]>([
      ['where it fails back', {}, { ...twice, namings: 1 }],
      [
        'where it fails back, and scripts were told who their server is',
        { identity: 'told by the caller' },
        { ...twice, namings: 1 },
      ],
      [
        'where it fails back, and entries carried the epoch alone',
        { identity: 'epoch only' },
        { ...twice, namings: 1 },
      ],
      ['where it fails back, slowly', {}, { ...twice, namings: 1, roles: slowRoles }],
      ['where it fails back, two namings', {}, { ...twice, namings: 2 }],
      ['where it fails over and somebody goes blind', {}, { ...once, roles: blindRoles, blindPeriods: 1 }],
      [
        'where it fails over and a key is lost',
        {},
        {
          ...once,
          losses: 1,
          roles: [
            ['hit', 'fill'],
            ['write', 'fill', 'name'],
          ],
        },
      ],
      ['where everybody may do everything', {}, { ...once, roles: everything }],
      [
        'if a poll after a publish counted as well, where nothing comes back',
        { answer: 'named before or after' },
        { ...moved, moves: 2 },
      ],
      ['with three instances', {}, { ...once, roles: three }],
      ['there and back, blind', {}, { ...moved, moves: 2, roles: blindRoles, blindPeriods: 1 }],
      ['with three instances, by force', {}, { ...forced, roles: three }],
      ['where slots move and everybody may do everything', {}, { ...moved, roles: everything }],
    ])(
      '%s',
      (_name, change, cast) => {
        expect(run(change, cast)).toMatchObject({ verdict: 'sound', trace: [] });
      },
      600_000,
    );
  }
});

describe('the guard of a unit would show a stale hit', () => {
  it.each<[string, Partial<ClusterRules>, ClusterCast]>([
    ['if the row named servers without their slots', { name: 'servers' }, forced],
    ['if the row named an address', { name: 'address' }, once],
    ['if redirections were followed', { route: 'as redirected', name: 'whole map' }, once],
    [
      'if redirections were followed to who takes a slot by force',
      { route: 'as redirected', name: 'whole map' },
      forced,
    ],
    ['if ASK meant that nothing is there', { ask: 'nothing there' }, moved],
    ['if nobody waited after a naming', { wait: 'nobody' }, once],
    ['if nobody waited after a slot was taken by force', { wait: 'nobody' }, forced],
    ['if a publish counted whatever the row names', { answer: 'any' }, once],
    ['if nothing were asked behind a GET, and it were promoted again within a second', { fence: 'nothing' }, twice],
    ['if only its role were asked then', { fence: 'primary' }, twice],
    ['if a move were cancelled within a second: reconcile is the net', {}, { ...cancelled, returns: 'later' }],
    ['if a poll after a publish counted as well', { answer: 'named before or after' }, cancelled],
    ['if who sees an open slot went blind afterwards', { motion: 'blind after' }, cancelled],
    ['if the row were read before the look', { poll: 'reads' }, cancelled],
    ['if a key that two servers have were put back by hand: reconcile is the net', {}, { ...moved, twins: true }],
  ])('%s', (_name, change, cast) => {
    const found = run(change, cast);
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/hits v\d on server \d, v\d was answered/);
  });

  it('and miss a flush, if one server alone had a key that tells of it', () => {
    const found = run({ sentinels: 'the first' }, flushed);
    expect(found.trace.at(-1)).toBe('everybody has polled since, and nobody knows of the flush');
  });
});
