import { at, type Steps } from '../explorer.js';
import type { Ability, ReplicaRules } from './rules.js';
import {
  COMMITS,
  COMMITTED,
  contentOf,
  ENTRY,
  EXPOSED,
  forgetTask,
  freshNonce,
  HITTING,
  holds,
  I,
  IDLE,
  IS_PRIMARY,
  KEY,
  LEARNED,
  LEASE,
  LEASED,
  nameOf,
  NOTHING,
  numberOf,
  PERMISSION,
  placeOf,
  put,
  server,
  serverOf,
} from './state.js';

const { max } = Math;

/** Whether instance i knows from a poll that is not old what the row names, and that nobody waits any more. */
function isFresh(s: Uint8Array, i: number): boolean {
  return at(s, i + I.age) < PERMISSION && s[i + I.quiet] === 0;
}

function isPermitted(rules: ReplicaRules, s: Uint8Array, i: number): boolean {
  const view = at(s, i + I.view);
  return isFresh(s, i) && s[i + I.blind] === 0 && view > 0 && s[i + I.named] === nameOf(rules, view);
}

/** The version that a GET finds there, under what was known when the permission was looked at; 0: a miss. */
function found(rules: ReplicaRules, s: Uint8Array, place: number, epoch: number): number {
  const x = serverOf(place);
  if (!holds(s, x, ENTRY, place, epoch)) return 0;
  if (rules.fence !== 'nothing' && s[server(x) + IS_PRIMARY] === 0) return 0;
  if (rules.fence === 'life' && placeOf(s, x) !== place) return 0;
  return contentOf(s, x);
}

/** A hit whose permission was looked at in the same moment. */
export function hit(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const version = found(rules, s, at(s, i + I.view), at(s, i + I.epoch));
  if (version === 0) return;
  const floor = at(s, EXPOSED);
  steps.fork()[EXPOSED] = max(floor, version);
  steps.take('# hits v# at place #, v# was answered', version < floor, numberOf(i), version, at(s, i + I.view), floor);
}

/** A hit whose GET may arrive at any time later. */
export function startSlowHit(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const next = steps.fork();
  next[i + I.pc] = HITTING;
  next[i + I.floor] = at(s, EXPOSED);
  next[i + I.leaseEpoch] = at(s, i + I.epoch);
  next[i + I.leasePlace] = at(s, i + I.view);
  steps.take('# has a permission, v# was answered', false, numberOf(i), at(s, EXPOSED));
}

export function endSlowHit(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  const place = at(s, i + I.leasePlace);
  const version = found(rules, s, place, at(s, i + I.leaseEpoch));
  const floor = at(s, i + I.floor);
  const next = steps.fork();
  forgetTask(next, i);
  next[EXPOSED] = max(at(s, EXPOSED), version);
  if (version === 0) steps.take('# misses', false, numberOf(i));
  else steps.take('# hits v# at place #, v# was answered', version < floor, numberOf(i), version, place, floor);
}

/** Takes or shares the lease; a replica refuses it. An entry that is found instead is a hit. */
export function lease(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const view = at(s, i + I.view);
  const x = serverOf(view);
  // The script asks the server which place it is, whatever the caller knew.
  const [own, epoch] = [placeOf(s, x), at(s, i + I.epoch)];
  if (s[server(x) + IS_PRIMARY] === 0 || holds(s, x, ENTRY, own, epoch)) return;
  const nonce = holds(s, x, LEASE, own, epoch) ? contentOf(s, x) : freshNonce(s);
  const next = steps.fork();
  put(next, x, LEASE, own, epoch, nonce);
  next[i + I.pc] = LEASED;
  next[i + I.leaseEpoch] = epoch;
  next[i + I.leasePlace] = view;
  next[i + I.nonce] = nonce;
  steps.take('# takes a lease on server # under epoch #', false, numberOf(i), x, epoch);
}

/** A commit, or a SELECT under a lease. */
export function learn(steps: Steps, i: number, can: readonly Ability[]): void {
  const s = steps.state;
  const pc = s[i + I.pc];
  if (pc === LEASED) {
    const next = steps.fork();
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(s, COMMITTED);
    steps.take('# selects v#', false, numberOf(i), at(s, COMMITTED));
  }
  if (can.includes('write') && at(s, COMMITS) > 0 && (pc === IDLE || pc === LEASED)) {
    const next = steps.fork();
    next[COMMITS] = at(s, COMMITS) - 1;
    next[COMMITTED] = at(s, COMMITTED) + 1;
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(next, COMMITTED);
    steps.take('# commits v#', false, numberOf(i), at(next, COMMITTED));
  }
}

/** Publishes where the last look led. A replica runs the script until it writes: that nothing is there, it says too. */
export function publish(steps: Steps, i: number): void {
  const s = steps.state;
  const view = at(s, i + I.view);
  if (at(s, i + I.published) > 0 || view === 0) return;
  const x = serverOf(view);
  const isEmpty = s[server(x) + KEY] === NOTHING;
  if (s[server(x) + IS_PRIMARY] === 0 && !isEmpty) return;
  const next = steps.fork();
  const nonce = at(s, i + I.nonce);
  const epoch = nonce > 0 ? at(s, i + I.leaseEpoch) : at(s, i + I.epoch);
  const own = placeOf(s, x);
  const version = at(s, i + I.version);
  if (holds(s, x, ENTRY, own, epoch)) {
    next[i + I.version] = max(version, contentOf(s, x));
    put(next, x, ENTRY, own, epoch, max(version, contentOf(s, x)));
  } else if (nonce > 0 && holds(s, x, LEASE, own, epoch) && contentOf(s, x) === nonce) {
    put(next, x, ENTRY, own, epoch, version);
  } else put(next, x, NOTHING, 0, 0, 0);
  next[i + I.published] = view;
  next[i + I.leaseEpoch] = next[i + I.leasePlace] = next[i + I.nonce] = 0;
  steps.take('# publishes v# to place #', false, numberOf(i), version, view);
}

/** Answers what was published to what the row names, or what need not be published in a blind period. */
export function clear(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  const published = at(s, i + I.published);
  const counts = isFresh(s, i) && s[i + I.named] === nameOf(rules, published);
  const isPublished = published > 0 && (rules.answer === 'any' || counts);
  const isBlind = at(s, i + I.blindLeft) > 0 && s[i + I.blindWait] === 0;
  if (!isPublished && !isBlind) return;
  const next = steps.fork();
  next[EXPOSED] = max(at(s, EXPOSED), at(s, i + I.version));
  forgetTask(next, i);
  steps.take('# answers v#', false, numberOf(i), at(s, i + I.version));
}
