/**
 * A purge beside writers, as steps of one name: what version it has or had, the floor at which it is absent without a
 * row, and who has read which floor. No version may be given out twice.
 */
import { at, type Model, type Steps } from './explorer.js';

/** How purge and writers go about it; each change of `PURGE` is a fault. */
export interface PurgeRules {
  /** What a purge does first. */
  readonly first: 'raises' | 'removes';
  /** Whether raising waits for whoever has read the floor and has not written yet. */
  readonly waits: boolean;
  /** When a writer reads the floor: under the lock that raising waits for, or before it has it. */
  readonly reads: 'under the lock' | 'before it';
  /** What is removed. */
  readonly removes: 'up to the floor' | 'all that is deleted';
  /** What a later purge makes of a floor that is higher already. */
  readonly floor: 'never sinks' | 'is set';
}

/** As `store/tombstones.ts` has it. */
export const PURGE: PurgeRules = {
  first: 'raises',
  waits: true,
  reads: 'under the lock',
  removes: 'up to the floor',
  floor: 'never sinks',
};

export interface PurgeBounds {
  readonly writers: number;
  /** Writes of each of them. */
  readonly writes: number;
  readonly purgers: number;
  /** Purges of each of them. */
  readonly purges: number;
}

/** The row of the name, the floor, and the highest version that was given out. */
const [ROW, VERSION, FLOOR, GIVEN] = [0, 1, 2, 3];
const FIELDS = 4;
const [NONE, LIVING, DELETED] = [0, 1, 2];

/** Of each writer: where it is, the floor it has read, and what it has left to write. */
const W = { phase: 0, floor: 1, left: 2, size: 3 } as const;
const [IDLE, HAS_READ, MAY_WRITE] = [0, 1, 2];

/** Of each purger: where it is, the highest version it has found, and what it has left to do. */
const P = { phase: 0, highest: 1, left: 2, size: 3 } as const;
const [RESTS, HAS_FOUND, HOLDS_LOCK, HAS_RAISED, HAS_REMOVED] = [0, 1, 2, 3, 4];

export function purge(rules: PurgeRules, { writers, writes, purgers, purges }: PurgeBounds): Model {
  const purgersAt = FIELDS + writers * W.size;
  const initial = new Array<number>(purgersAt + purgers * P.size).fill(0);
  for (let writer = 0; writer < writers; writer += 1) initial[FIELDS + writer * W.size + W.left] = writes;
  for (let purger = 0; purger < purgers; purger += 1) initial[purgersAt + purger * P.size + P.left] = purges;
  const mayWrite = (state: Uint8Array): boolean =>
    Array.from({ length: writers }, (_, writer) => at(state, FIELDS + writer * W.size)).includes(MAY_WRITE);
  const isLocked = (state: Uint8Array): boolean =>
    Array.from({ length: purgers }, (_, purger) => at(state, purgersAt + purger * P.size)).includes(HOLDS_LOCK);
  return {
    initial,
    successors(steps) {
      for (let writer = 0; writer < writers; writer += 1) {
        write(rules, steps, writer, FIELDS + writer * W.size, rules.waits && isLocked(steps.state));
      }
      for (let purger = 0; purger < purgers; purger += 1) {
        const mustWait = rules.waits && (mayWrite(steps.state) || isLocked(steps.state));
        purgeStep(rules, steps, purger, purgersAt + purger * P.size, mustWait);
      }
    },
  };
}

function write({ reads }: PurgeRules, steps: Steps, writer: number, own: number, mustWait: boolean): void {
  const { state } = steps;
  const phase = at(state, own + W.phase);
  if (phase === IDLE && at(state, own + W.left) > 0 && (reads === 'before it' || !mustWait)) {
    const next = steps.fork();
    next[own + W.phase] = reads === 'before it' ? HAS_READ : MAY_WRITE;
    next[own + W.floor] = at(state, FLOOR);
    next[own + W.left] = at(state, own + W.left) - 1;
    steps.take('writer # reads the floor #', false, writer, at(state, FLOOR));
  }
  if (phase === HAS_READ && !mustWait) {
    steps.fork()[own + W.phase] = MAY_WRITE;
    steps.take('writer # has the lock', false, writer);
  }
  if (phase !== MAY_WRITE) return;
  for (const becomes of at(state, ROW) === LIVING ? [LIVING, DELETED] : [LIVING]) {
    // The row is looked at under its own lock; without one the floor is, as it was read.
    const version = (at(state, ROW) === NONE ? at(state, own + W.floor) : at(state, VERSION)) + 1;
    const next = steps.fork();
    next[own + W.phase] = IDLE;
    next[own + W.floor] = 0;
    next[ROW] = becomes;
    next[VERSION] = version;
    next[GIVEN] = Math.max(version, at(state, GIVEN));
    const label =
      becomes === DELETED ? 'writer # deletes at version #, # was given' : 'writer # gives version #, # was given';
    steps.take(label, version <= at(state, GIVEN), writer, version, at(state, GIVEN));
  }
}

function purgeStep(rules: PurgeRules, steps: Steps, purger: number, own: number, mustWait: boolean): void {
  const { state } = steps;
  const highest = at(state, own + P.highest);
  const to = (phase: number): Uint8Array => {
    const next = steps.fork();
    next[own + P.phase] = phase;
    return next;
  };
  const rest = (next: Uint8Array): void => {
    next[own + P.phase] = RESTS;
    next[own + P.highest] = 0;
  };
  switch (at(state, own + P.phase)) {
    case RESTS: {
      if (at(state, own + P.left) === 0 || at(state, ROW) !== DELETED) return;
      const next = to(HAS_FOUND);
      next[own + P.highest] = at(state, VERSION);
      next[own + P.left] = at(state, own + P.left) - 1;
      steps.take('purger # finds version #', false, purger, at(state, VERSION));
      return;
    }
    case HAS_FOUND:
      if (rules.first === 'removes') remove(rules, to(HAS_REMOVED), highest);
      else if (mustWait) return;
      else to(HOLDS_LOCK);
      steps.take(rules.first === 'removes' ? 'purger # removes' : 'purger # has the lock', false, purger);
      return;
    case HOLDS_LOCK:
    case HAS_REMOVED: {
      const next = to(HAS_RAISED);
      next[FLOOR] = rules.floor === 'is set' ? highest : Math.max(at(state, FLOOR), highest);
      if (rules.first === 'removes') rest(next);
      steps.take('purger # raises the floor to #', false, purger, at(next, FLOOR));
      return;
    }
    case HAS_RAISED: {
      const next = steps.fork();
      remove(rules, next, at(state, FLOOR));
      rest(next);
      steps.take('purger # removes', false, purger);
    }
  }
}

function remove({ removes }: PurgeRules, next: Uint8Array, floor: number): void {
  if (at(next, ROW) !== DELETED || (removes === 'up to the floor' && at(next, VERSION) > floor)) return;
  next[ROW] = NONE;
  next[VERSION] = 0;
}
