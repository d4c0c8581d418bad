import { explore } from '../explorer.js';
import { WHOLE } from '../whole.js';
import { cacheProtocol, type Scenario } from './cache-protocol.js';
import { LEASE_AND_PUBLISH, type CacheProtocol } from './protocol.js';

type Faults = Pick<Scenario, 'flushes' | 'restarts' | 'duplicates'>;
const CALM: Faults = { flushes: 0, restarts: 0, duplicates: 0 };
const FLUSH: Faults = { flushes: 1, restarts: 0, duplicates: 1 };
const RESTART: Faults = { flushes: 1, restarts: 1, duplicates: 1 };

const cold = { writers: 2, readers: 3, warm: false };
const warm = { writers: 2, readers: 3, warm: true };
/** What takes too long for every day. */
const pair = { writers: 2, readers: 2 };

describe('the cache protocol', () => {
  it.each<[string, Scenario, number]>([
    ['no fault', { ...cold, ...CALM }, 102_392],
    ['no fault, an entry at the start', { ...warm, ...CALM }, 633],
    ['a flush and a second message', { ...cold, ...FLUSH }, 422_989],
    ['a flush and a second message, an entry at the start', { ...warm, ...FLUSH }, 204_168],
    ['a restart from an old snapshot and a flush', { ...cold, ...pair, ...RESTART }, 99_949],
    ['a restart from an old snapshot and a flush, an entry at the start', { ...warm, ...pair, ...RESTART }, 89_145],
  ])('is linearizable with %s', (_name, scenario, states) => {
    expect(explore(cacheProtocol(LEASE_AND_PUBLISH, scenario))).toEqual({ verdict: 'sound', states, trace: [] });
  });

  it('is linearizable with leases taken by writers', () => {
    const found = explore(cacheProtocol({ ...LEASE_AND_PUBLISH, writerLeases: true }, { ...cold, ...pair, ...FLUSH }));
    expect(found).toEqual({ verdict: 'sound', states: 171_622, trace: [] });
  });

  it('is linearizable when answers of Redis arrive late, and nobody joins a flight whose publish was sent', () => {
    const late = { ...LEASE_AND_PUBLISH, lateReplies: 'closed' } as const;
    const found = explore(cacheProtocol(late, { ...cold, ...FLUSH, readers: WHOLE ? 3 : 2 }));
    expect(found).toMatchObject({ verdict: 'sound', trace: [] });
  });

  if (WHOLE) {
    const leasing = { ...LEASE_AND_PUBLISH, writerLeases: true };
    it.each<[string, CacheProtocol, Scenario, number]>([
      ['a restart', LEASE_AND_PUBLISH, { ...cold, ...RESTART }, 2_805_372],
      ['a restart, an entry at the start', LEASE_AND_PUBLISH, { ...warm, ...RESTART }, 1_991_801],
      ['leases by writers and a restart', leasing, { ...cold, ...pair, ...RESTART }, 1_615_070],
      ['leases by writers and a third reader', leasing, { ...cold, ...FLUSH }, 4_657_548],
    ])(
      'is linearizable with everything at once: %s',
      (_name, protocol, scenario, states) => {
        const found = explore(cacheProtocol(protocol, scenario), 12_000_000);
        expect(found).toEqual({ verdict: 'sound', states, trace: [] });
      },
      600_000,
    );
  }
});

describe('without one of its parts, the cache protocol shows a stale read:', () => {
  const alone: CacheProtocol = { ...LEASE_AND_PUBLISH, join: null };
  const naive: CacheProtocol = { ...alone, lease: null, fill: 'set', publish: 'set', identity: false };
  const memcached: CacheProtocol = { ...alone, identity: false, publish: 'delete', refusedFill: 'leave' };

  it.each<[string, CacheProtocol, Faults, number]>([
    ['a plain SET by writers and readers', naive, CALM, 181],
    ['DEL after the commit', { ...naive, publish: 'delete' }, CALM, 919],
    ['DEL before and after the commit', { ...naive, publish: 'delete', deletesBeforeCommit: true }, CALM, 1_492],
    ['set if newer, and a flush', { ...naive, fill: 'set if newer', publish: 'set if newer' }, FLUSH, 578],
    ['leases of memcached whose losers read the truth', { ...memcached, lease: 'single' }, CALM, 11_088],
    ['leases of memcached whose losers wait', { ...memcached, lease: 'wait' }, CALM, 12_071],
    ['a refused fill that leaves the key as it is', { ...alone, refusedFill: 'leave' }, CALM, 27_134],
    ['nonces counted by Redis, and a flush', { ...alone, nonce: 'counted' }, FLUSH, 32_201],
    ['writers that create entries, and a flush', { ...alone, publish: 'set if newer' }, FLUSH, 567],
    ['writers that leave leases alone', { ...alone, publish: 'update only' }, CALM, 1_427],
    ['no identity, and a restart from an old snapshot', { ...alone, identity: false }, RESTART, 27_925],
    ['an answer before the publish', { ...alone, carelessWriter: 'answers first' }, CALM, 944],
    ['a replay that is not published', { ...alone, carelessWriter: 'replays unpublished' }, CALM, 954],
    ['a writer that cannot reach Redis', { ...alone, carelessWriter: 'cannot reach Redis' }, CALM, 954],
    ['readers that join a fill after its publish', { ...LEASE_AND_PUBLISH, lateReplies: 'joinable' }, FLUSH, 17_144],
    ['readers that join an unconfirmed fill', { ...LEASE_AND_PUBLISH, join: 'always' }, CALM, 2_098],
  ])('%s', (_name, protocol, faults, states) => {
    const found = explore(cacheProtocol(protocol, { ...cold, ...faults }));
    expect(found).toMatchObject({ verdict: 'violated', states });
    expect(found.trace.at(-1)).toMatch(/answers v\d, invoked when v\d was known/);
  });
});
