import { at, type Steps } from '../explorer.js';
import type { ExpiryRules } from './rules.js';
import {
  CLOCK,
  ENDING,
  ENTRY,
  endOf,
  EXPOSED,
  isOver,
  KEY,
  kindOf,
  LEASE,
  LOCK,
  publish,
  R,
  READ,
  ROW,
  tell,
  versionOf,
} from './state.js';

/** The steps reader i can take. */
export function read(rules: ExpiryRules, steps: Steps, readersAt: number, i: number): void {
  const s = steps.state;
  const r = readersAt + i * R.size;
  const next = steps.fork();
  const told = at(s, r + R.truth);
  switch (at(s, r)) {
    case READ.start:
      // Readers are alike, so they start in order.
      if (i > 0 && s[r - R.size] === READ.start) return;
      next[r] = READ.invoked;
      next[r + R.floor] = at(s, EXPOSED);
      steps.take('R# is invoked', false, i);
      return;
    case READ.invoked:
      look(rules, steps, next, r, i);
      return;
    case READ.leased:
      select(rules, steps, next, r, i);
      return;
    case READ.over:
      if (s[LOCK] !== 0) return;
      askAgain(rules, steps, next, r, i);
      return;
    case READ.selected:
      answer(steps, next, r, i, publish(rules, next, told, at(s, r + R.nonce)), 'publishes');
      // A process may freeze between measuring the life of an entry and sending it.
      if (kindOf(told) !== ENDING || s[CLOCK] === 1) return;
      steps.fork()[r] = READ.measured;
      steps.take('R# is about to publish', false, i);
      return;
    case READ.measured:
      answer(steps, next, r, i, publish(rules, next, told, at(s, r + R.nonce), true), 'publishes late');
      return;
  }
}

function look(rules: ExpiryRules, steps: Steps, next: Uint8Array, r: number, i: number): void {
  const s = steps.state;
  const held = at(s, KEY + 1);
  if (s[KEY] === ENTRY && !(rules.hits === 'compared with the clock' && isOver(s, held))) {
    answer(steps, next, r, i, held, 'hits');
    return;
  }
  next[r] = READ.leased;
  if (s[KEY] !== ENTRY) {
    next[r + R.nonce] = s[KEY] === LEASE ? held : i + 1;
    next[KEY] = LEASE;
    next[KEY + 1] = at(next, r + R.nonce);
  }
  steps.take('R# misses, and has the lease', false, i);
}

function select(rules: ExpiryRules, steps: Steps, next: Uint8Array, r: number, i: number): void {
  const s = steps.state;
  const row = at(s, ROW);
  const over = isOver(s, row);
  next[r] = over && rules.ends !== 'told at once' ? READ.over : READ.selected;
  next[r + R.truth] = over ? endOf(row) : row;
  steps.take('R# selects v#', false, i, versionOf(row));
}

function askAgain(rules: ExpiryRules, steps: Steps, next: Uint8Array, r: number, i: number): void {
  const s = steps.state;
  const row = at(s, ROW);
  next[r] = READ.selected;
  next[r + R.truth] = isOver(s, row) ? endOf(row) : row;
  if (rules.ends === 'written down') next[ROW] = at(next, r + R.truth);
  steps.take(rules.ends === 'written down' ? 'R# has the end written down' : 'R# asks again', false, i);
}

function answer(steps: Steps, next: Uint8Array, r: number, i: number, told: number, how: string): void {
  const floor = at(steps.state, r + R.floor);
  const other = tell(next, told);
  next.fill(0, r, r + R.size);
  next[r] = READ.done;
  const version = versionOf(told);
  const what = other ? ', of which something else was told' : ', invoked when v# was known';
  steps.take(`R# ${how} and answers v#${what}`, other || version < floor, i, version, floor);
}
