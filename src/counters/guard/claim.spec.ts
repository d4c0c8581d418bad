import type { Rank } from '../../cache/sighting.js';
import { type Claims, claimsWhenNamed, decideClaim, type Decision, NO_CLAIMS } from './claim.js';

const SECOND = 1_000;
const alone: Rank = { kind: 'alone' };
const elected = (epoch: number): Rank => ({ kind: 'elected', epoch, isWhole: true });

const decide = (claims: Claims, rank: Rank, seconds: number, server = 'ours'): Decision =>
  decideClaim(claims, { server, rank, namedRank: 5, nowMs: seconds * SECOND });

/** What it comes to when the same is found at each of these times. */
const through = (claims: Claims, rank: Rank, seconds: readonly number[]): Decision['kind'][] => {
  let before = claims;
  return seconds.map((at) => {
    const { kind, claims: after } = decide(before, rank, at);
    before = after;
    return kind;
  });
};

describe('where nobody elects, an instance', () => {
  it('names what it finds, also after a restart', () => {
    expect(decide(NO_CLAIMS, alone, 0).kind).toBe('name');
    expect(decide(claimsWhenNamed(NO_CLAIMS, 'ours, before'), alone, 0).kind).toBe('name');
  });

  it('leaves it for a minute to who took it from the same server', () => {
    const named = claimsWhenNamed(NO_CLAIMS, 'ours');
    expect(through(named, alone, [0, 1, 59, 60])).toEqual(['conflict', 'contested', 'contested', 'name']);
  });
});

describe('under Sentinel, an instance', () => {
  it('names what was elected later, or in the same election, however often that changes', () => {
    const named = claimsWhenNamed(NO_CLAIMS, 'ours');
    expect([5, 6].map((epoch) => decide(named, elected(epoch), 0).kind)).toEqual(['name', 'name']);
  });

  it('never names what an older election said, and does without the cache after a second', () => {
    for (const rank of [elected(4), { kind: 'overtaken' }, { kind: 'unknown' }] as const) {
      expect(through(NO_CLAIMS, rank, [0, 0.9, 1, 29.9])).toEqual(['wait', 'wait', 'contested', 'contested']);
    }
  });

  it('names it where elections began anew, which shows by nothing newer for half a minute', () => {
    expect(through(NO_CLAIMS, elected(0), [0, 30])).toEqual(['wait', 'name']);
    for (const kind of ['overtaken', 'unknown'] as const) {
      expect(through(NO_CLAIMS, { kind }, [0, 30])).toEqual(['wait', 'contested']);
    }
  });

  it('counts that from when it last found what is named', () => {
    const { claims } = decide(NO_CLAIMS, elected(0), 0);
    expect(through(claimsWhenNamed(claims, 'named'), elected(0), [29, 31])).toEqual(['wait', 'contested']);
  });
});
