import { at, type Model, type Steps } from '../explorer.js';
import { clear, endSlowHit, hit, learn, lease, publish, startSlowHit } from './requests.js';
import type { ClusterCast, ClusterRules } from './rules.js';
import { servers } from './servers.js';
import {
  BLIND,
  BLIND_LEFT,
  BLIND_PERIODS,
  CLAIM,
  COMMITS,
  COMMITTED,
  ENTRY,
  EPOCH,
  EXPOSED,
  FAILOVERS,
  FLUSHED,
  forgetTask,
  HAS,
  HITTING,
  I,
  identityOn,
  IDLE,
  INSTANCES,
  isOpen,
  LEARNED,
  LOSSES,
  MOVES,
  NAMED,
  NAMINGS,
  nameOf,
  numberOf,
  OPENED_LEFT,
  PERMISSION,
  put,
  QUIET_LEFT,
  server,
  serverOf,
  viewOf,
} from './state.js';

const { max, min } = Math;

/** The guard of a unit, by these rules, played by this cast. */
export function cluster(rules: ClusterRules, cast: ClusterCast): Model {
  return {
    initial: initialOf(rules, cast),
    successors(steps) {
      tick(steps);
      servers(cast, steps);
      if (cast.flushes) missFlush(cast, steps);
      cast.roles.forEach((can, who) => {
        const i = INSTANCES + who * I.size;
        // Where a move is no matter of moments, it is no matter when a poll looks at what.
        if (cast.returns === 'with it') poll(rules, steps, i);
        else pollBySteps(rules, steps, i);
        look(steps, i);
        if (can.includes('name')) name(rules, steps, i);
        goBlind(steps, i, can.includes('go blind'));
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
        publish(rules, steps, i);
        clear(rules, steps, i);
        giveUp(steps, i);
      });
    },
  };
}

function initialOf(rules: ClusterRules, cast: ClusterCast): number[] {
  const s = new Uint8Array(INSTANCES + cast.roles.length * I.size);
  for (const field of [EPOCH, COMMITTED, EXPOSED]) s[field] = 1;
  s[COMMITS] = cast.commits;
  s[NAMINGS] = cast.namings;
  s[BLIND_PERIODS] = cast.blindPeriods;
  s[FAILOVERS] = cast.failovers;
  s[MOVES] = cast.moves;
  s[LOSSES] = cast.losses;
  s[server(0) + CLAIM] = HAS;
  const view = viewOf(s, 0);
  const holders = cast.servers === 'two primaries' ? [0] : [0, 1];
  for (const x of holders) put(s, x, ENTRY, identityOn(rules, s, 0, view, 1), 1);
  s[NAMED] = nameOf(rules, view);
  cast.roles.forEach((_, who) => {
    const i = INSTANCES + who * I.size;
    s[i + I.age] = PERMISSION;
    s[i + I.epoch] = 1;
    s[i + I.view] = view;
  });
  return [...s];
}

function tick(steps: Steps): void {
  const next = steps.fork();
  const left = [BLIND_LEFT, QUIET_LEFT, OPENED_LEFT];
  for (let i = INSTANCES; i < next.length; i += I.size) {
    left.push(i + I.blindLeft, i + I.blindWait);
    next[i + I.age] = min(PERMISSION, at(next, i + I.age) + 1);
    // Too old to matter, but for the epoch.
    if (next[i + I.age] === PERMISSION) forgetRow(next, i);
    if (at(next, i + I.published) > 0) next[i + I.publishedAge] = min(PERMISSION, at(next, i + I.publishedAge) + 1);
    if (at(next, i + I.halfAge) > 0) next[i + I.halfAge] = at(next, i + I.halfAge) + 1;
    if (at(next, i + I.halfAge) > PERMISSION) forgetHalf(next, i);
  }
  for (const field of left) next[field] = max(0, at(next, field) - 1);
  steps.take('a tick', false);
}

/** An instance reads the row, and looks for the sentinel keys. */
function poll({ sentinels }: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  next[i + I.age] = 0;
  next[i + I.epoch] = at(s, EPOCH);
  next[i + I.named] = at(s, NAMED);
  next[i + I.blind] = at(s, BLIND_LEFT) > 0 ? 1 : 0;
  next[i + I.quiet] = at(s, QUIET_LEFT) > 0 ? 1 : 0;
  if (sentinels === 'each' || s[FLUSHED] === 1) next[FLUSHED] = 0;
  steps.take('# polls: epoch #, named #', false, numberOf(i), at(s, EPOCH), at(s, NAMED));
}

/** A poll that looks for open slots as well, and reads the row before or after that. Ages count from its first half. */
function pollBySteps(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  const age = at(s, i + I.halfAge);
  if (age === 0) {
    const next = steps.fork();
    next[i + I.halfAge] = 1;
    next[i + I.half] = rules.poll === 'looks' ? Number(isOpen(s)) : packed(s);
    if (rules.poll === 'looks') next[i + I.sees] = Number(isOpen(s));
    else next[i + I.halfEpoch] = at(s, EPOCH);
    const label = rules.poll === 'looks' ? '# looks for an open slot: #' : '# reads the row';
    steps.take(label, false, numberOf(i), at(next, i + I.half));
    return;
  }
  const [row, epoch, moving] =
    rules.poll === 'looks'
      ? [packed(s), at(s, EPOCH), at(s, i + I.half)]
      : [at(s, i + I.half), at(s, i + I.halfEpoch), Number(isOpen(s))];
  const next = steps.fork();
  forgetHalf(next, i);
  next[i + I.sees] = moving;
  if (moving === 0 || rules.motion === 'blind after' || at(s, i + I.blindLeft) > 0) {
    next[i + I.age] = age - 1;
    next[i + I.epoch] = epoch;
    next[i + I.named] = row >> 2;
    next[i + I.blind] = (row >> 1) & 1;
    next[i + I.quiet] = row & 1;
    next[i + I.moving] = moving;
  }
  steps.take('# has polled: epoch #, open: #', false, numberOf(i), epoch, moving);
}

/** What the row says, but for the epoch. */
function packed(s: Uint8Array): number {
  return (at(s, NAMED) << 2) | (at(s, BLIND_LEFT) > 0 ? 2 : 0) | (at(s, QUIET_LEFT) > 0 ? 1 : 0);
}

function forgetRow(s: Uint8Array, i: number): void {
  s[i + I.named] = s[i + I.blind] = s[i + I.quiet] = s[i + I.moving] = 0;
}

function forgetHalf(s: Uint8Array, i: number): void {
  s[i + I.halfAge] = s[i + I.half] = s[i + I.halfEpoch] = 0;
}

/** Whether everybody has polled since a flush, and nobody knows of it. */
function missFlush({ roles }: ClusterCast, steps: Steps): void {
  const s = steps.state;
  if (s[FLUSHED] === 0 || roles.some((_, who) => s[INSTANCES + who * I.size + I.age] !== 0)) return;
  steps.fork();
  steps.take('everybody has polled since, and nobody knows of the flush', true);
}

/** An instance finds a server that claims the slot, perhaps one that has lost it for others. */
function look(steps: Steps, i: number): void {
  for (const x of [0, 1]) {
    const s = steps.state;
    const view = viewOf(s, x);
    if (s[server(x) + CLAIM] === 0 || s[i + I.view] === view) continue;
    steps.fork()[i + I.view] = view;
    steps.take('# looks: the slot is on server #', false, numberOf(i), x);
  }
}

/**
 * An instance names what it saw, which may be long ago; in whatever order, so that neither the order of names nor the
 * escape from it has to be right for this.
 */
function name(rules: ClusterRules, steps: Steps, i: number): void {
  const s = steps.state;
  const view = at(s, i + I.view);
  if (at(s, NAMINGS) === 0 || view === 0 || s[NAMED] === nameOf(rules, view)) return;
  const next = steps.fork();
  next[NAMINGS] = at(s, NAMINGS) - 1;
  next[EPOCH] = at(s, EPOCH) + 1;
  next[NAMED] = nameOf(rules, view);
  next[QUIET_LEFT] = rules.wait === 'row' ? PERMISSION : 0;
  steps.take('# names server #: epoch #', false, numberOf(i), serverOf(view), at(next, EPOCH));
}

/** An instance registers a blind period, or extends its own while it believes in it. */
function goBlind(steps: Steps, i: number, can: boolean): void {
  const s = steps.state;
  const isBlind = at(s, i + I.blindLeft) > 0;
  const must = s[i + I.sees] === 1 || (can && s[i + I.pc] === LEARNED);
  if (isBlind ? s[i + I.blindLeft] === BLIND : !must || at(s, BLIND_PERIODS) === 0) return;
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
