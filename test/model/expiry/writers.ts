import { at, type Steps } from '../explorer.js';
import type { ExpiryRules } from './rules.js';
import {
  ABSENT,
  isOver,
  kindOf,
  LASTING,
  LOCK,
  publish,
  ROW,
  tell,
  truth,
  versionOf,
  W,
  WRITE,
  WRITERS,
} from './state.js';

const ALIVE = 1;
const OVER = 2;

/** The steps writer i can take. The first one renews the counter, the others leave its end as it is. */
export function write(rules: ExpiryRules, steps: Steps, i: number): void {
  const s = steps.state;
  const w = WRITERS + i * W.size;
  const next = steps.fork();
  switch (at(s, w)) {
    case WRITE.start:
      if (rules.judges === 'before the lock') {
        next[w] = WRITE.judged;
        next[w + W.judged] = isOver(s, at(s, ROW)) ? OVER : ALIVE;
        steps.take('W# looks at the clock', false, i);
        return;
      }
      lock(rules, steps, next, w, i, isOver(s, at(s, ROW)));
      return;
    case WRITE.judged:
      lock(rules, steps, next, w, i, s[w + W.judged] === OVER);
      return;
    case WRITE.locked:
      next[w] = WRITE.committed;
      next[ROW] = at(s, w + W.truth);
      next[LOCK] = 0;
      steps.take('W# commits v#', false, i, versionOf(at(s, w + W.truth)));
      return;
    case WRITE.committed:
      next[w] = WRITE.published;
      publish(rules, next, at(s, w + W.truth), 0);
      steps.take('W# publishes v#', false, i, versionOf(at(s, w + W.truth)));
      return;
    case WRITE.published: {
      next[w] = WRITE.answered;
      const violated = tell(next, at(s, w + W.truth));
      steps.take('W# answers v#, of which something else was told', violated, i, versionOf(at(s, w + W.truth)));
      return;
    }
  }
}

function lock(rules: ExpiryRules, steps: Steps, next: Uint8Array, w: number, i: number, over: boolean): void {
  const s = steps.state;
  if (s[LOCK] !== 0) return;
  const before = at(s, ROW);
  next[w] = WRITE.locked;
  next[LOCK] = i + 1;
  const kind = kindOf(before);
  if (over && kind !== ABSENT) next[w + W.truth] = truth(versionOf(before) + rules.beginsAfter, LASTING);
  else next[w + W.truth] = truth(versionOf(before) + 1, kind === ABSENT || i === 0 ? LASTING : kind);
  steps.take(over ? 'W# holds the row, which is over' : 'W# holds the row', false, i);
}
