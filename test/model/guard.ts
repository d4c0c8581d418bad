import { isQuiet, quietAfter, type Quiet } from '../../src/counters/guard/quiet.js';
import { at, type Model, type Steps } from './explorer.js';
import type { Bounds, Faults, GuardRules } from './guard-rules.js';

/** Life of a permission, in ticks of a second. */
const PERMISSION = 1;
/** Length of a blind period, in ticks. */
const BLIND = 3;
const WAITS = { period: BLIND, stranger: BLIND + PERMISSION };
const MOST_EPOCHS = 3;
/** Epochs of the databases before and after a failover are told apart by this. */
const NEXT_DATABASE = MOST_EPOCHS + 1;

// Times are stored one higher, so that 0 is "before the start".
const NOW = 0;
const COMMITTED = 1;
/** The row: epoch, number of the period, end of it by the clock of the database, and whether someone vouches. */
const EPOCH = 2;
const PERIOD = 3;
const BLIND_UNTIL = 4;
const VOUCHED = 5;
/** What is added to epochs: 0 before a failover. */
const DATABASE = 6;
/** How far the clock of the database is ahead, less where it begins; and whether a fault happened. */
const AHEAD = 7;
const FAULTY = 8;
/** The entry: epoch (0: no entry) and version. */
const KEY = 9;
/** What C read from the row: when, epoch, period, and from when on it may serve hits. */
const C = 11;
/** A: whether it holds a version to answer, which, the epoch it knows, and until when it knows of a blind period. */
const A = 15;
/** B: whether it holds a version to answer, which, until when it is blind, and until when it waits first. */
const B = 19;
const EXPOSED = 23;
const COMMITS = 24;
const WIDTH = 25;
/** So that a clock that goes back stays above 0. */
const AHEAD_AT_FIRST = 8;

const { max } = Math;

/** The guard by these rules. */
export function guard(rules: GuardRules, { jump, when }: Faults, { lastTick, commits }: Bounds): Model {
  const initial = new Array<number>(WIDTH).fill(0);
  initial[AHEAD] = AHEAD_AT_FIRST;
  for (const field of [NOW, COMMITTED, EPOCH, KEY, KEY + 1, C, C + 1, EXPOSED, A + 2]) initial[field] = 1;
  const byTheDatabase = rules.over === 'by the clock of the database';

  /** From when on C may serve hits by what it reads now; `anew`: it knows nothing of before. */
  function quietFrom(s: Uint8Array, anew: boolean): number {
    const now = at(s, NOW);
    if (byTheDatabase) return max(0, at(s, BLIND_UNTIL) - at(s, AHEAD));
    const database = at(s, DATABASE);
    const knownDatabase = at(s, C + 1) >= NEXT_DATABASE ? NEXT_DATABASE : 0;
    const before: Quiet<number> = {
      database: rules.waitsAtFailover ? knownDatabase : database,
      period: at(s, C + 2),
      vouched: false,
      from: at(s, C + 3),
      because: 'blind',
    };
    const vouched = s[VOUCHED] === 1 || (anew && !rules.waitsAtStart);
    return max(0, quietAfter(anew ? null : before, { database, period: at(s, PERIOD), vouched }, now, WAITS).from);
  }

  function reads(steps: Steps, anew: boolean): void {
    const s = steps.state;
    const from = quietFrom(s, anew);
    const read = [at(s, NOW), at(s, DATABASE) + at(s, EPOCH), at(s, PERIOD), from];
    if (read.every((field, i) => field === s[C + i])) return;
    steps.fork().set(read, C);
    steps.take(anew ? 'C starts: epoch #, hits from #' : 'C polls: epoch #, hits from #', false, at(s, EPOCH), from);
  }

  function pollers(steps: Steps): void {
    const s = steps.state;
    reads(steps, false);
    reads(steps, true);
    const epoch = at(s, DATABASE) + at(s, EPOCH);
    if (s[A + 2] !== epoch) {
      const next = steps.fork();
      next[A + 2] = epoch;
      next[A + 3] = at(s, PERIOD) > 0 ? at(s, NOW) + BLIND : 0;
      steps.take('A polls: epoch #', false, at(s, EPOCH));
    }
    const isPresent = s[C + 1] === epoch && s[C + 2] === s[PERIOD] && isQuietForC(s);
    if (rules.vouchesFor !== 'nothing' && s[VOUCHED] === 0 && isPresent) {
      steps.fork()[VOUCHED] = 1;
      steps.take('C vouches', false);
    }
  }

  function isQuietForC(s: Uint8Array): boolean {
    return isQuiet({ database: 0, period: 0, vouched: false, because: 'blind', from: at(s, C + 3) }, at(s, C));
  }

  function reader(steps: Steps): void {
    const s = steps.state;
    if (at(s, NOW) >= at(s, C) + PERMISSION || !isQuietForC(s)) return;
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
      if (at(s, COMMITS) < commits) learn(steps, A, 'A commits v#', true);
      if (knowsBlind && at(s, EXPOSED) < at(s, COMMITTED)) learn(steps, A, 'A selects v#', false);
      return;
    }
    const version = at(s, A + 1);
    const next = steps.fork();
    next[A] = next[A + 1] = 0;
    next[EXPOSED] = max(at(s, EXPOSED), version);
    if (knowsBlind && rules.connectedInBlindPeriod === 'answers unpublished') {
      steps.take('A answers v# unpublished', false, version);
      return;
    }
    if (s[KEY] !== s[A + 2]) next[KEY] = next[KEY + 1] = 0;
    else if (at(s, KEY + 1) < version) next[KEY + 1] = version;
    steps.take('A publishes and answers v#', false, version);
  }

  /** B's period begins now, or goes on from now. */
  function beginPeriod(next: Uint8Array, counts: boolean): void {
    next[B + 2] = at(next, NOW) + BLIND;
    if (byTheDatabase) next[BLIND_UNTIL] = max(at(next, BLIND_UNTIL), at(next, NOW) + at(next, AHEAD) + BLIND);
    if (!counts) return;
    next[PERIOD] = at(next, PERIOD) + 1;
    if (rules.vouchesFor === 'period') next[VOUCHED] = 0;
  }

  function cutOff(steps: Steps): void {
    const s = steps.state;
    const now = at(s, NOW);
    const registered = at(s, B + 3) > 0;
    const holds = registered && (rules.blindness === 'for ever' || now < at(s, B + 2));
    if (s[B] === 0 && at(s, COMMITS) < commits) learn(steps, B, 'B commits v#', true);
    if (s[B] === 1 && holds && now >= at(s, B + 3)) {
      const next = steps.fork();
      next[B] = next[B + 1] = 0;
      next[EXPOSED] = max(at(s, EXPOSED), at(s, B + 1));
      steps.take('B answers v# unpublished', false, at(s, B + 1));
    }
    if (s[B] === 1 && !holds && at(s, EPOCH) < MOST_EPOCHS) {
      const next = steps.fork();
      next[EPOCH] = at(s, EPOCH) + 1;
      next[B + 3] = now + PERMISSION;
      beginPeriod(next, true);
      steps.take('B goes blind: epoch #', false, at(next, EPOCH));
    }
    const runs = !byTheDatabase || rules.blindness === 'for ever' || at(s, BLIND_UNTIL) > now + at(s, AHEAD);
    if (holds && runs && at(s, B + 2) < now + BLIND && at(s, EPOCH) < MOST_EPOCHS) {
      beginPeriod(steps.fork(), rules.counted === 'registrations and renewals');
      steps.take('B renews', false);
    }
  }

  function fault(steps: Steps): void {
    if (steps.state[FAULTY] === 1) return;
    const next = steps.fork();
    next[FAULTY] = 1;
    next[AHEAD] = AHEAD_AT_FIRST + jump;
    if (when !== 'any time') {
      next[DATABASE] = NEXT_DATABASE;
      next[VOUCHED] = 0;
    }
    if (when === 'lossy failover') {
      next[EPOCH] = 1;
      next[PERIOD] = next[BLIND_UNTIL] = 0;
    }
    steps.take(when === 'any time' ? 'the clock jumps' : 'a standby takes over', false);
  }

  return {
    initial,
    successors(steps) {
      if (at(steps.state, NOW) <= lastTick) {
        const next = steps.fork();
        next[NOW] = at(next, NOW) + 1;
        steps.take('a tick', false);
      }
      fault(steps);
      pollers(steps);
      reader(steps);
      connected(steps);
      cutOff(steps);
    },
  };
}
