import { at, type Model, type Steps } from '../explorer.js';
import type { ReplicaCast, ReplicaRules } from './rules.js';
import { clear, endSlowHit, hit, learn, lease, publish, startSlowHit } from './requests.js';
import { servers } from './servers.js';
import {
  BLIND,
  BLIND_LEFT,
  BLIND_PERIODS,
  COMMITS,
  COMMITTED,
  ENTRY,
  EPOCH,
  EXPOSED,
  FAILOVERS,
  forgetTask,
  HITTING,
  I,
  IDLE,
  INSTANCES,
  IS_PRIMARY,
  LEARNED,
  LOSSES,
  NAMED,
  NAMINGS,
  nameOf,
  numberOf,
  PERMISSION,
  placeOf,
  put,
  QUIET_LEFT,
  server,
} from './state.js';

const { max, min } = Math;

/** The guard with a primary and its replica, by these rules, played by this cast. */
export function replicas(rules: ReplicaRules, cast: ReplicaCast): Model {
  return {
    initial: initialOf(rules, cast),
    successors(steps) {
      tick(steps);
      servers(rules, steps);
      cast.roles.forEach((can, who) => {
        const i = INSTANCES + who * I.size;
        poll(steps, i);
        look(steps, i);
        if (can.includes('name')) name(rules, steps, i);
        if (can.includes('go blind')) goBlind(steps, i);
        if (can.includes('hit')) hit(rules, steps, i);
        const pc = steps.state[i + I.pc];
        if (pc === HITTING) {
          endSlowHit(rules, steps, i);
          return;
        }
        if (pc === IDLE && can.includes('hit slowly')) startSlowHit(rules, steps, i);
        if (pc === IDLE && can.includes('fill')) lease(rules, steps, i);
        learn(steps, i, can);
        if (pc !== LEARNED) return;
        publish(steps, i);
        clear(rules, steps, i);
        giveUp(steps, i);
      });
    },
  };
}

function initialOf(rules: ReplicaRules, cast: ReplicaCast): number[] {
  const s = new Uint8Array(INSTANCES + cast.roles.length * I.size);
  for (const field of [EPOCH, COMMITTED, EXPOSED]) s[field] = 1;
  s[COMMITS] = cast.commits;
  s[NAMINGS] = cast.namings;
  s[BLIND_PERIODS] = cast.blindPeriods;
  s[FAILOVERS] = cast.failovers;
  s[LOSSES] = cast.losses;
  s[server(0) + IS_PRIMARY] = 1;
  const place = placeOf(s, 0);
  for (const x of [0, 1]) put(s, x, ENTRY, place, 1, 1);
  s[NAMED] = nameOf(rules, place);
  cast.roles.forEach((_, who) => {
    const i = INSTANCES + who * I.size;
    s[i + I.age] = PERMISSION;
    s[i + I.epoch] = 1;
    s[i + I.view] = place;
  });
  return [...s];
}

function tick(steps: Steps): void {
  const next = steps.fork();
  const left = [BLIND_LEFT, QUIET_LEFT];
  for (let i = INSTANCES; i < next.length; i += I.size) {
    left.push(i + I.blindLeft, i + I.blindWait);
    next[i + I.age] = min(PERMISSION, at(next, i + I.age) + 1);
    // Too old to matter, but for the epoch.
    if (next[i + I.age] === PERMISSION) next[i + I.named] = next[i + I.blind] = next[i + I.quiet] = 0;
  }
  for (const field of left) next[field] = max(0, at(next, field) - 1);
  steps.take('a tick', false);
}

/** An instance reads the row. */
function poll(steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  next[i + I.age] = 0;
  next[i + I.epoch] = at(s, EPOCH);
  next[i + I.named] = at(s, NAMED);
  next[i + I.blind] = at(s, BLIND_LEFT) > 0 ? 1 : 0;
  next[i + I.quiet] = at(s, QUIET_LEFT) > 0 ? 1 : 0;
  steps.take('# polls: epoch #, place #', false, numberOf(i), at(s, EPOCH), at(s, NAMED));
}

/** An instance finds a server that calls itself primary, perhaps one that is none any more for others. */
function look(steps: Steps, i: number): void {
  for (const x of [0, 1]) {
    const s = steps.state;
    if (s[server(x) + IS_PRIMARY] === 0 || s[i + I.view] === placeOf(s, x)) continue;
    steps.fork()[i + I.view] = placeOf(s, x);
    steps.take('# looks: place #', false, numberOf(i), placeOf(s, x));
  }
}

/** An instance names what it saw, which may be long ago; in whatever order, so that no rule of order has to be right. */
function name(rules: ReplicaRules, steps: Steps, i: number): void {
  const s = steps.state;
  const place = nameOf(rules, at(s, i + I.view));
  if (at(s, NAMINGS) === 0 || at(s, i + I.view) === 0 || s[NAMED] === place) return;
  const next = steps.fork();
  next[NAMINGS] = at(s, NAMINGS) - 1;
  next[EPOCH] = at(s, EPOCH) + 1;
  next[NAMED] = place;
  next[QUIET_LEFT] = rules.wait === 'row' ? PERMISSION : 0;
  steps.take('# names place #, epoch #', false, numberOf(i), place, at(next, EPOCH));
}

/** An instance registers a blind period, or extends its own while it believes in it. */
function goBlind(steps: Steps, i: number): void {
  const s = steps.state;
  const isBlind = at(s, i + I.blindLeft) > 0;
  if (isBlind ? s[i + I.blindLeft] === BLIND : s[i + I.pc] !== LEARNED || at(s, BLIND_PERIODS) === 0) return;
  const next = steps.fork();
  next[BLIND_LEFT] = next[i + I.blindLeft] = BLIND;
  if (!isBlind) {
    next[BLIND_PERIODS] = at(s, BLIND_PERIODS) - 1;
    next[EPOCH] = at(s, EPOCH) + 1;
    next[i + I.blindWait] = PERMISSION;
  }
  steps.take(isBlind ? '# renews its blindness' : '# goes blind', false, numberOf(i));
}

function giveUp(steps: Steps, i: number): void {
  forgetTask(steps.fork(), i);
  steps.take('# gives up', false, numberOf(i));
}
