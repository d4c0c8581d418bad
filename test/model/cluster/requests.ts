import { at, type Steps } from '../explorer.js';
import type { Ability, ClusterRules } from './rules.js';
import {
  CLAIM,
  clearKey,
  COMMITS,
  COMMITTED,
  contentOf,
  ENTRY,
  EXPOSED,
  forgetLease,
  forgetTask,
  freshNonce,
  HAS,
  HITTING,
  holds,
  I,
  identityOn,
  IDLE,
  isEmpty,
  LEARNED,
  LEASE,
  LEASED,
  LIFE,
  lifeIn,
  nameOf,
  numberOf,
  PERMISSION,
  put,
  server,
  serverOf,
} from './state.js';

const { max } = Math;

/** Whether instance i knows from a poll that is not old what the row names, and that nobody waits any more. */
function isFresh(s: Uint8Array, i: number): boolean {
  return at(s, i + I.age) < PERMISSION && s[i + I.quiet] === 0;
}

function seesMotion({ motion }: ClusterRules, s: Uint8Array, i: number): boolean {
  return motion === 'blind first' && s[i + I.moving] === 1;
}

function isPermitted(rules: ClusterRules, s: Uint8Array, i: number): boolean {
  const view = at(s, i + I.view);
  return (
    isFresh(s, i) &&
    s[i + I.blind] === 0 &&
    !seesMotion(rules, s, i) &&
    view > 0 &&
    s[i + I.named] === nameOf(rules, view)
  );
}

/** Where a request of instance i ends. */
function routesOf({ route }: ClusterRules, s: Uint8Array, i: number): readonly number[] {
  const view = at(s, i + I.view);
  if (view === 0) return [];
  return route === 'as looked' ? [serverOf(view)] : [0, 1].filter((x) => at(s, server(x) + CLAIM) > 0);
}

/** What server x makes of a request for the key. */
function answerOf(s: Uint8Array, x: number): 'yes' | 'asks' | 'moved' {
  const claim = at(s, server(x) + CLAIM);
  if (claim === 0) return 'moved';
  return claim === HAS || !isEmpty(s, x) ? 'yes' : 'asks';
}

/** The version that a GET finds there, under what was known when the permission was looked at; 0: a miss. */
function found(rules: ClusterRules, s: Uint8Array, x: number, view: number, epoch: number): number {
  if (answerOf(s, x) !== 'yes') return 0;
  const known = rules.identity === 'epoch only' ? ([0, 0, epoch] as const) : ([x, lifeIn(view, x), epoch] as const);
  if (!holds(s, x, ENTRY, known)) return 0;
  if (rules.fence === 'life' && s[server(x) + LIFE] !== lifeIn(view, x)) return 0;
  return contentOf(s, x);
}

/** A hit whose permission was looked at in the same moment. */
export function hit(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const floor = at(s, EXPOSED);
  for (const x of routesOf(rules, s, i)) {
    const version = found(rules, s, x, at(s, i + I.view), at(s, i + I.epoch));
    if (version === 0) continue;
    steps.fork()[EXPOSED] = max(floor, version);
    steps.take('# hits v# on server #, v# was answered', version < floor, numberOf(i), version, x, floor);
  }
}

/** A hit whose GET may arrive at any time later. */
export function startSlowHit(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const next = steps.fork();
  next[i + I.pc] = HITTING;
  next[i + I.floor] = at(s, EXPOSED);
  next[i + I.leaseEpoch] = at(s, i + I.epoch);
  next[i + I.leaseView] = at(s, i + I.view);
  steps.take('# has a permission, v# was answered', false, numberOf(i), at(s, EXPOSED));
}

export function endSlowHit(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  const view = at(s, i + I.leaseView);
  const x = serverOf(view);
  const version = found(rules, s, x, view, at(s, i + I.leaseEpoch));
  const floor = at(s, i + I.floor);
  const next = steps.fork();
  forgetTask(next, i);
  next[EXPOSED] = max(at(s, EXPOSED), version);
  if (version === 0) steps.take('# misses', false, numberOf(i));
  else steps.take('# hits v# on server #, v# was answered', version < floor, numberOf(i), version, x, floor);
}

/** Takes or shares the lease. An entry that is found instead is a hit. */
export function lease(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  if (!isPermitted(rules, s, i)) return;
  const [view, epoch] = [at(s, i + I.view), at(s, i + I.epoch)];
  for (const x of routesOf(rules, s, i)) {
    const own = identityOn(rules, s, x, view, epoch);
    if (answerOf(s, x) !== 'yes' || holds(s, x, ENTRY, own)) continue;
    const nonce = holds(s, x, LEASE, own) ? contentOf(s, x) : freshNonce(s);
    const next = steps.fork();
    put(next, x, LEASE, own, nonce);
    next[i + I.pc] = LEASED;
    next[i + I.leaseEpoch] = epoch;
    next[i + I.leaseView] = view;
    next[i + I.nonce] = nonce;
    steps.take('# takes a lease on server # under epoch #', false, numberOf(i), x, epoch);
  }
}

/** A commit, with a lease or without; or a SELECT, under a lease or past the cache. */
export function learn(steps: Steps, i: number, can: readonly Ability[]): void {
  const s = steps.state;
  const pc = s[i + I.pc];
  if (pc !== IDLE && pc !== LEASED) return;
  if (pc === LEASED || (can.includes('bypass') && at(s, EXPOSED) < at(s, COMMITTED))) {
    const next = steps.fork();
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(s, COMMITTED);
    steps.take('# selects v#', false, numberOf(i), at(s, COMMITTED));
  }
  if (can.includes('write') && at(s, COMMITS) > 0) {
    const next = steps.fork();
    next[COMMITS] = at(s, COMMITS) - 1;
    next[COMMITTED] = at(s, COMMITTED) + 1;
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(next, COMMITTED);
    steps.take('# commits v#', false, numberOf(i), at(next, COMMITTED));
  }
}

export function publish(rules: ClusterRules, steps: Steps, i: number): void {
  if (at(steps.state, i + I.published) > 0) return;
  for (const x of routesOf(rules, steps.state, i)) {
    const answer = answerOf(steps.state, x);
    if (answer === 'yes' || (answer === 'asks' && rules.ask === 'nothing there')) publishTo(rules, steps, i, x);
  }
}

function publishTo(rules: ClusterRules, steps: Steps, i: number, x: number): void {
  const s = steps.state;
  const next = steps.fork();
  const [view, nonce, version] = [at(s, i + I.view), at(s, i + I.nonce), at(s, i + I.version)];
  const own =
    nonce > 0
      ? identityOn(rules, s, x, at(s, i + I.leaseView), at(s, i + I.leaseEpoch))
      : identityOn(rules, s, x, view, at(s, i + I.epoch));
  if (holds(s, x, ENTRY, own)) {
    next[i + I.version] = max(version, contentOf(s, x));
    put(next, x, ENTRY, own, max(version, contentOf(s, x)));
  } else if (nonce > 0 && holds(s, x, LEASE, own) && contentOf(s, x) === nonce) put(next, x, ENTRY, own, version);
  else clearKey(next, x);
  next[i + I.published] = view;
  const isNamed = isFresh(s, i) && s[i + I.named] === nameOf(rules, view);
  next[i + I.publishedAge] = isNamed ? at(s, i + I.age) : PERMISSION;
  forgetLease(next, i);
  steps.take('# publishes v# to server #', false, numberOf(i), version, x);
}

function counts(rules: ClusterRules, s: Uint8Array, i: number, published: number): boolean {
  const isNamedBefore = at(s, i + I.publishedAge) < PERMISSION;
  switch (rules.answer) {
    case 'named before':
      return isNamedBefore;
    case 'named before or after':
      return isNamedBefore || (isFresh(s, i) && s[i + I.named] === nameOf(rules, published));
    case 'any':
      return true;
  }
}

/** Answers what was published to what the row names, or what need not be published in a blind period. */
export function clear(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  const published = at(s, i + I.published);
  const isPublished = published > 0 && counts(rules, s, i, published);
  const isBlind = at(s, i + I.blindLeft) > 0 && s[i + I.blindWait] === 0;
  if (!isPublished && !isBlind) return;
  const next = steps.fork();
  next[EXPOSED] = max(at(s, EXPOSED), at(s, i + I.version));
  forgetTask(next, i);
  steps.take('# answers v#', false, numberOf(i), at(s, i + I.version));
}
