import { at, type Model, type Steps } from './explorer.js';

/**
 * The guard with one Redis: one counter, a clock in ticks, three instances, each of which may act, poll or stand still at
 * any tick. A and C reach Redis, B is cut off from it. C serves hits and fills; A and B write and answer. A violation is
 * a hit older than a version answered before.
 */
export interface GuardRules {
  /** Whether A publishes although it knows of a blind period, or answers unpublished as soon as it knows. */
  readonly connectedInBlindPeriod: 'publishes' | 'answers unpublished';
  /**
   * Whether B believes itself blind only until its last registration or renewal runs out by its own clock, and renews only
   * while that holds; or believes it for ever, and renews whenever it likes.
   */
  readonly blindness: 'runs out' | 'for ever';
}

/** Life of a permission, in ticks of a second. */
const PERMISSION = 1;
/** Length of a blind period, in ticks. */
const BLIND = 3;
const MOST_COMMITS = 3;
const MOST_EPOCHS = 3;

// Times are stored one higher, so that 0 is "before the start".
const NOW = 0;
const COMMITTED = 1;
const EPOCH = 2;
const BLIND_UNTIL = 3;
/** The entry: epoch (0: no entry) and version. */
const KEY = 4;
/** What C read from the row: when, epoch, end of the blind period. Epoch 0: nothing yet. */
const C = 6;
/** A: whether it holds a version to answer, which, what it knows of the row, and when it learned of the epoch. */
const A = 9;
/** B: whether it holds a version to answer, which, until when it is blind, and until when it waits first. */
const B = 14;
const EXPOSED = 18;
const COMMITS = 19;
const WIDTH = 20;

const { max } = Math;

/** The guard by these rules, for `lastTick` ticks. */
export function guard(rules: GuardRules, lastTick: number): Model {
  const initial = new Array<number>(WIDTH).fill(0);
  initial[NOW] = 1;
  for (const field of [COMMITTED, EPOCH, KEY, KEY + 1, C + 1, EXPOSED, A + 2]) initial[field] = 1;
  initial[C] = 1;

  function pollers(steps: Steps): void {
    const s = steps.state;
    const [now, epoch, until] = [at(s, NOW), at(s, EPOCH), at(s, BLIND_UNTIL)];
    if (s[C] !== now || s[C + 1] !== epoch || s[C + 2] !== until) {
      const next = steps.fork();
      next[C] = now;
      next[C + 1] = epoch;
      next[C + 2] = until;
      steps.take('C polls: epoch #', false, epoch);
    }
    if (s[A + 2] !== epoch || s[A + 3] !== until) {
      const next = steps.fork();
      if (s[A + 2] !== epoch) next[A + 4] = now;
      next[A + 2] = epoch;
      next[A + 3] = until;
      steps.take('A polls: epoch #', false, epoch);
    }
  }

  function reader(steps: Steps): void {
    const s = steps.state;
    const polled = at(s, C);
    if (at(s, NOW) >= polled + PERMISSION || at(s, C + 2) > polled) return;
    const next = steps.fork();
    if (at(s, KEY) > 0 && s[KEY] === s[C + 1]) {
      steps.take('C hits v#, v# was answered', at(s, KEY + 1) < at(s, EXPOSED), at(s, KEY + 1), at(s, EXPOSED));
      return;
    }
    next[KEY] = at(s, C + 1);
    next[KEY + 1] = at(s, COMMITTED);
    next[EXPOSED] = max(at(s, EXPOSED), at(s, COMMITTED));
    steps.take('C fills v# under epoch #', false, at(s, COMMITTED), at(s, C + 1));
  }

  function learn(steps: Steps, who: number, label: string, commit: boolean): void {
    const next = steps.fork();
    if (commit) {
      next[COMMITTED] = at(next, COMMITTED) + 1;
      next[COMMITS] = at(next, COMMITS) + 1;
    }
    next[who] = 1;
    next[who + 1] = at(next, COMMITTED);
    steps.take(label, false, at(next, COMMITTED));
  }

  function connected(steps: Steps): void {
    const s = steps.state;
    const knowsBlind = at(s, A + 3) > at(s, NOW);
    if (s[A] === 0) {
      if (at(s, COMMITS) < MOST_COMMITS) learn(steps, A, 'A commits v#', true);
      if (knowsBlind && at(s, EXPOSED) < at(s, COMMITTED)) learn(steps, A, 'A selects v#', false);
      return;
    }
    const version = at(s, A + 1);
    const publishes = rules.connectedInBlindPeriod === 'publishes' && at(s, NOW) < at(s, A + 4) + PERMISSION;
    const next = steps.fork();
    next[A] = next[A + 1] = 0;
    next[EXPOSED] = max(at(s, EXPOSED), version);
    if (knowsBlind && !publishes) {
      steps.take('A answers v# unpublished', false, version);
      return;
    }
    if (s[KEY] !== s[A + 2]) next[KEY] = next[KEY + 1] = 0;
    else if (at(s, KEY + 1) < version) next[KEY + 1] = version;
    steps.take('A publishes and answers v#', false, version);
  }

  function cutOff(steps: Steps): void {
    const s = steps.state;
    const now = at(s, NOW);
    const end = now + BLIND;
    const registered = at(s, B + 3) > 0;
    const holds = registered && (rules.blindness === 'for ever' || now < at(s, B + 2));
    if (s[B] === 0 && at(s, COMMITS) < MOST_COMMITS) learn(steps, B, 'B commits v#', true);
    if (s[B] === 1 && holds && now >= at(s, B + 3)) {
      const next = steps.fork();
      next[B] = next[B + 1] = 0;
      next[EXPOSED] = max(at(s, EXPOSED), at(s, B + 1));
      steps.take('B answers v# unpublished', false, at(s, B + 1));
    }
    if (s[B] === 1 && !holds && at(s, EPOCH) < MOST_EPOCHS) {
      const next = steps.fork();
      next[EPOCH] = at(s, EPOCH) + 1;
      next[BLIND_UNTIL] = next[B + 2] = end;
      next[B + 3] = now + PERMISSION;
      steps.take('B goes blind: epoch #', false, at(next, EPOCH));
    }
    if (holds && at(s, BLIND_UNTIL) < end && at(s, EPOCH) < MOST_EPOCHS) {
      const next = steps.fork();
      next[BLIND_UNTIL] = next[B + 2] = end;
      steps.take('B renews', false);
    }
  }

  return {
    initial,
    successors(steps) {
      if (at(steps.state, NOW) <= lastTick) {
        const next = steps.fork();
        next[NOW] = at(next, NOW) + 1;
        steps.take('a tick', false);
      }
      pollers(steps);
      reader(steps);
      connected(steps);
      cutOff(steps);
    },
  };
}

/** What the guard of this service does. */
export const GUARD: GuardRules = { connectedInBlindPeriod: 'publishes', blindness: 'runs out' };
