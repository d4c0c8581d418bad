import { at, type Model, type Steps } from '../explorer.js';
import { read } from './readers.js';
import type { ExpiryRules, ExpiryScenario } from './rules.js';
import {
  CLOCK,
  ENDING,
  ENTRY,
  EXPOSED,
  isOver,
  KEY,
  kindOf,
  LOCK,
  NOTHING,
  R,
  ROW,
  SET_BACK,
  STEADY,
  truth,
  versionOf,
  W,
  WRITERS,
  endOf,
} from './state.js';
import { write } from './writers.js';

export function expiry(rules: ExpiryRules, { writers, readers, setBack }: ExpiryScenario): Model {
  const readersAt = WRITERS + writers * W.size;
  const initial = new Array<number>(readersAt + readers * R.size).fill(0);
  initial[ROW] = truth(1, ENDING);
  initial[SET_BACK] = setBack;
  initial[STEADY] = setBack === 0 ? 1 : 0;
  return {
    initial,
    successors(steps) {
      passTime(rules, steps);
      upkeep(steps);
      for (let i = 0; i < writers; i++) write(rules, steps, i);
      for (let i = 0; i < readers; i++) read(rules, steps, readersAt, i);
    },
  };
}

function passTime(rules: ExpiryRules, steps: Steps): void {
  const s = steps.state;
  const next = steps.fork();
  if (s[CLOCK] === 1) {
    if (s[SET_BACK] === 0) return;
    next[CLOCK] = 0;
    next[SET_BACK] = 0;
    steps.take('the clock is set back', false);
    return;
  }
  next[CLOCK] = 1;
  if (rules.entries === 'end' && s[KEY] === ENTRY && kindOf(at(s, KEY + 1)) === ENDING) {
    next[KEY] = NOTHING;
    next[KEY + 1] = 0;
  }
  if (s[STEADY] === 1 && kindOf(at(s, ROW)) === ENDING) {
    next[EXPOSED] = Math.max(at(s, EXPOSED), versionOf(at(s, ROW)) + 1);
  }
  steps.take('the moment comes', false);
}

/** It leaves alone what somebody is changing, and need not publish: entries have ended by themselves. */
function upkeep(steps: Steps): void {
  const s = steps.state;
  if (s[LOCK] !== 0 || !isOver(s, at(s, ROW))) return;
  steps.fork()[ROW] = endOf(at(s, ROW));
  steps.take('upkeep writes the end down', false);
}
