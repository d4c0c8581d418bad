import { at, type Steps } from '../explorer.js';
import {
  BLIND_LEFT,
  BLIND_PERIODS,
  EPOCH,
  I,
  INSTANCES,
  LEARNED,
  NAMED,
  nameOf,
  NAMINGS,
  QUIET_LEFT,
  type World,
} from './state.js';

const { max, min } = Math;

/** Time passes for everybody. */
export function tick(world: World, steps: Steps): void {
  const next = steps.fork();
  const left = [BLIND_LEFT, QUIET_LEFT];
  for (let i = INSTANCES; i < next.length; i += I.size) {
    left.push(i + I.wait, i + I.blindLeft, i + I.blindWait);
    next[i + I.age] = min(world.permission, at(next, i + I.age) + 1);
    if (!world.remembers && at(next, i + I.age) === world.permission)
      next[i + I.named] = next[i + I.blind] = next[i + I.quiet] = 0;
  }
  for (const field of left) next[field] = max(0, at(next, field) - 1);
  steps.take('a tick', false);
}

/** An instance reads the row. */
export function poll(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  if (world.rules.wait === 'learner' && s[i + I.epoch] !== s[EPOCH]) next[i + I.wait] = world.permission;
  next[i + I.age] = 0;
  next[i + I.epoch] = at(s, EPOCH);
  next[i + I.named] = at(s, NAMED);
  next[i + I.blind] = at(s, BLIND_LEFT) > 0 ? 1 : 0;
  next[i + I.quiet] = at(s, QUIET_LEFT) > 0 ? 1 : 0;
  steps.take('# polls: epoch #, redis #', false, nameOf(i), at(s, EPOCH), at(s, NAMED));
}

/** An instance names the server it reaches; that it looked before makes no difference, so it may do so at any time. */
export function name(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  if (at(s, NAMINGS) === 0 || s[NAMED] === s[i + I.server]) return;
  const next = steps.fork();
  next[NAMINGS] = at(s, NAMINGS) - 1;
  next[EPOCH] = at(s, EPOCH) + 1;
  next[NAMED] = at(s, i + I.server);
  if (world.rules.wait === 'row') next[QUIET_LEFT] = world.permission;
  else if (world.rules.wait !== 'nobody') next[i + I.wait] = world.permission;
  steps.take('# names redis #, epoch #', false, nameOf(i), at(next, NAMED), at(next, EPOCH));
}

/** An instance registers a blind period, or extends its own while it believes in it. */
export function goBlind(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  const isBlind = at(s, i + I.blindLeft) > 0;
  if (isBlind ? s[i + I.blindLeft] === world.blind : s[i + I.pc] !== LEARNED || at(s, BLIND_PERIODS) === 0) return;
  const next = steps.fork();
  next[BLIND_LEFT] = next[i + I.blindLeft] = world.blind;
  if (!isBlind) {
    next[BLIND_PERIODS] = at(s, BLIND_PERIODS) - 1;
    next[EPOCH] = at(s, EPOCH) + 1;
    next[i + I.blindWait] = world.permission;
  }
  steps.take(isBlind ? '# renews its blindness' : '# goes blind', false, nameOf(i));
}
