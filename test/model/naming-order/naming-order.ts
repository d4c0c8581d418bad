import {
  type Claims,
  claimsWhenNamed,
  type Decision,
  decideClaim,
  type Found,
  NO_CLAIMS,
} from '../../../src/counters/guard/claim.js';
import { at, type Model, type Steps } from '../explorer.js';

/**
 * The order of names, where somebody elects: which instance may name what it finds. That a naming is harmless whoever
 * does it, and in whatever order, is shown by `cluster` and `replicas`. Here it is looked for whether an instance that
 * was left behind takes the cache from the others, and whether a cluster that was made anew is ever used again: its
 * elections begin at the beginning, so everybody's view of it is older than what the row names.
 *
 * Decided by the rule of the service itself, on a clock that knows four times: not at all, just now, a second, half a
 * minute. Those who have waited for a second may have waited for half a minute at any moment.
 */
export interface NamingRules {
  /** By the order of elections, or whatever is found. */
  readonly order: 'newer only' | 'any';
  /** Whether what has been found for half a minute is named although it is older. */
  readonly escape: boolean;
  /** Whether that counts only for who sees the whole, and for one and the same place. */
  readonly wholeOnly: boolean;
  readonly sameOnly: boolean;
}

/** What the guard of this service does. */
export const NAMING: NamingRules = { order: 'newer only', escape: true, wholeOnly: true, sameOnly: true };

export interface NamingCast {
  readonly instances: number;
  readonly failovers: number;
  /** How often the cluster may be made anew. */
  readonly beginnings: number;
}

const PLACES = 4;
const ROW = 0;
const ROW_RANK = 1;
const NEWEST = 2;
const FAILOVERS = 3;
const BEGINNINGS = 4;
/** Of each place, from 1 on: its election, and whether it is there and claims the slots. */
const EPOCHS = 5;
const CLAIMS = EPOCHS + PLACES + 1;
const INSTANCES = CLAIMS + PLACES + 1;

/** Fields of an instance: what it remembers; and what it has in truth seen, whole and without a break, and for how long. */
const I = { lastNamed: 0, behind: 1, older: 2, olderFor: 3, seen: 4, seenFor: 5, size: 6 } as const;

const NOT_AT_ALL = 0;
const JUST_NOW = 1;
const A_SECOND = 2;
const HALF_A_MINUTE = 3;

const NOW_MS = 1_000_000;
const AGO_MS = [Infinity, 0, 1_000, 30_000];

export function namingOrder(rules: NamingRules, cast: NamingCast): Model {
  const initial = new Array<number>(INSTANCES + cast.instances * I.size).fill(0);
  for (const field of [ROW, ROW_RANK, NEWEST, EPOCHS + 1, CLAIMS + 1]) initial[field] = 1;
  initial[FAILOVERS] = cast.failovers;
  initial[BEGINNINGS] = cast.beginnings;
  return {
    initial,
    successors(steps) {
      pass(steps);
      change(steps);
      for (let i = INSTANCES; i < initial.length; i += I.size) {
        for (let place = 1; place <= PLACES; place += 1) {
          if (steps.state[CLAIMS + place] !== 1) continue;
          poll(rules, steps, i, place, true);
          // Whoever was left behind with it may see a part.
          if (place !== steps.state[NEWEST]) poll(rules, steps, i, place, false);
        }
      }
    },
  };
}

/** Time passes for everybody. */
function pass(steps: Steps): void {
  for (const time of [A_SECOND, HALF_A_MINUTE]) {
    const next = steps.fork();
    for (let i = INSTANCES; i < next.length; i += I.size) {
      for (const field of [I.behind, I.olderFor, I.seenFor]) {
        if (next[i + field] !== NOT_AT_ALL) next[i + field] = Math.max(at(next, i + field), time);
      }
    }
    steps.take(time === A_SECOND ? 'a second' : 'half a minute', false);
  }
}

/** A failover, after which the old one may go on for a while; a cluster made anew; an old one that is gone. */
function change(steps: Steps): void {
  const s = steps.state;
  const newest = at(s, NEWEST);
  const later = newest + 1;
  if (later <= PLACES && at(s, FAILOVERS) > 0) {
    const next = steps.fork();
    next[FAILOVERS] = at(s, FAILOVERS) - 1;
    begin(next, later, at(s, EPOCHS + newest) + 1);
    steps.take('place # takes over, place # does not know yet', false, later, newest);
  }
  if (later <= PLACES && at(s, BEGINNINGS) > 0) {
    const next = steps.fork();
    next[BEGINNINGS] = at(s, BEGINNINGS) - 1;
    next.fill(0, CLAIMS, CLAIMS + PLACES + 1);
    begin(next, later, 1);
    steps.take('place # is made anew, and all others are gone', false, later);
  }
  for (let place = 1; place < newest; place += 1) {
    if (s[CLAIMS + place] !== 1) continue;
    steps.fork()[CLAIMS + place] = 0;
    steps.take('place # is gone', false, place);
  }
}

function begin(next: Uint8Array, place: number, epoch: number): void {
  next[NEWEST] = place;
  next[EPOCHS + place] = epoch;
  next[CLAIMS + place] = 1;
}

/** An instance looks, reads the row, and names what it found or not. */
function poll(rules: NamingRules, steps: Steps, i: number, place: number, isWhole: boolean): void {
  const s = steps.state;
  const who = (i - INSTANCES) / I.size;
  const next = steps.fork();
  const goesOn = isWhole && s[i + I.seen] === place;
  next[i + I.seen] = isWhole ? place : 0;
  next[i + I.seenFor] = isWhole ? (goesOn ? at(s, i + I.seenFor) : JUST_NOW) : NOT_AT_ALL;
  if (s[ROW] === place) {
    remember(next, i, claimsWhenNamed(claimsOf(s, i), nameOf(rules, place)));
    steps.take('# finds place #, which is named', false, who, place);
    return;
  }
  const rank = { kind: 'elected', epoch: at(s, EPOCHS + place), isWhole: isWhole || !rules.wholeOnly } as const;
  const found = { server: nameOf(rules, place), rank, namedRank: at(s, ROW_RANK), nowMs: NOW_MS };
  const { kind, claims } = decide(rules, claimsOf(s, i), found);
  remember(next, i, claims);
  const hasLasted = goesOn && s[i + I.seenFor] === HALF_A_MINUTE;
  if (kind !== 'name') {
    const isAlone = s[CLAIMS + at(s, ROW)] !== 1 && place === s[NEWEST];
    steps.take('# finds place # alone for half a minute, and does not name it', isAlone && hasLasted, who, place);
    return;
  }
  const isTaken = s[ROW] === s[NEWEST] && place !== s[NEWEST];
  next[ROW] = place;
  next[ROW_RANK] = at(s, EPOCHS + place);
  const how = isWhole ? 'names' : 'sees a part, and names';
  steps.take(`# ${how} place # in place of #`, isTaken && !hasLasted, who, place, at(s, ROW));
}

function decide({ order, escape }: NamingRules, claims: Claims, found: Found): Decision {
  if (order === 'any') return { kind: 'name', claims };
  const decision = decideClaim(claims, found);
  const isOlder = found.rank.kind === 'elected' && found.rank.epoch < found.namedRank;
  return decision.kind === 'name' && isOlder && !escape ? { ...decision, kind: 'contested' } : decision;
}

/** To a rule that does not tell places apart, they all have one name. */
const nameOf = ({ sameOnly }: NamingRules, place: number): string => String(sameOnly ? place : 1);

function claimsOf(s: Uint8Array, i: number): Claims {
  const [behind, older] = [at(s, i + I.behind), at(s, i + I.older)];
  return {
    ...NO_CLAIMS,
    lastNamed: s[i + I.lastNamed] === 0 ? null : String(s[i + I.lastNamed]),
    behindSinceMs: behind === NOT_AT_ALL ? null : NOW_MS - (AGO_MS[behind] ?? 0),
    older: older === 0 ? null : { server: String(older), sinceMs: NOW_MS - (AGO_MS[at(s, i + I.olderFor)] ?? 0) },
  };
}

function remember(next: Uint8Array, i: number, { lastNamed, behindSinceMs, older }: Claims): void {
  next[i + I.lastNamed] = Number(lastNamed ?? 0);
  next[i + I.behind] = timeSince(behindSinceMs);
  next[i + I.older] = Number(older?.server ?? 0);
  next[i + I.olderFor] = timeSince(older?.sinceMs ?? null);
}

function timeSince(sinceMs: number | null): number {
  return sinceMs === null ? NOT_AT_ALL : AGO_MS.indexOf(NOW_MS - sinceMs);
}
