import { at, type Model, type Steps } from '../explorer.js';
import { endSlowHit, hit, lease, lose, publish, startSlowHit } from './key.js';
import { isFresh, isPermitted, mayLease } from './permission.js';
import { goBlind, name, poll, tick } from './row.js';
import type { Cast, NamedRedisRules, Role } from './rules.js';
import {
  BLIND_PERIODS,
  CLEARED,
  COMMITS,
  COMMITTED,
  EPOCH,
  EXPOSED,
  HITTING,
  I,
  IDLE,
  INSTANCES,
  KEYS,
  LEARNED,
  LEASED,
  LOSSES,
  MOVES,
  nameOf,
  NAMINGS,
  rest,
  type World,
} from './state.js';

/** Life of a permission, and the wait after a naming or a registration. */
const PERMISSION_SECONDS = 1;
const BLIND_SECONDS = 3;

const { max } = Math;

/** The guard with two servers, by these rules, played by this cast. */
export function namedRedis(rules: NamedRedisRules, cast: Cast): Model {
  const world: World = {
    rules,
    permission: PERMISSION_SECONDS * cast.ticksPerSecond,
    blind: BLIND_SECONDS * cast.ticksPerSecond,
    remembers: rules.lease !== 'permitted' || rules.answer !== 'fresh after publish' || !rules.serverTold,
  };
  const initial = new Array<number>(INSTANCES + cast.roles.length * I.size).fill(0);
  for (const field of [EPOCH, COMMITTED, EXPOSED, KEYS, KEYS + 1, KEYS + 2]) initial[field] = 1;
  initial[COMMITS] = cast.commits;
  initial[NAMINGS] = cast.namings;
  initial[BLIND_PERIODS] = cast.blindPeriods;
  initial[MOVES] = cast.moves;
  initial[LOSSES] = cast.losses;
  cast.roles.forEach((role, index) => (initial[INSTANCES + index * I.size] = role.server));
  return {
    initial,
    successors(steps) {
      tick(world, steps);
      if (at(steps.state, LOSSES) > 0) lose(steps);
      cast.roles.forEach(({ can }, who) => {
        const i = INSTANCES + who * I.size;
        poll(world, steps, i);
        if (can.includes('name')) name(world, steps, i);
        if (can.includes('hit') && isPermitted(world, steps.state, i)) hit(world, steps, i);
        if (can.includes('go blind')) goBlind(world, steps, i);
        act(world, steps, i, can);
        if (at(steps.state, MOVES) > 0) move(steps, i);
      });
    },
  };
}

function learn(world: World, steps: Steps, i: number, can: Role['can']): void {
  const s = steps.state;
  if (world.rules.answer === 'fresh before learning' && !isFresh(world, s, i)) return;
  const leased = s[i + I.pc] === LEASED;
  if (can.includes('read') && (leased || at(s, EXPOSED) < at(s, COMMITTED))) {
    const next = steps.fork();
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(s, COMMITTED);
    steps.take('# selects v#', false, nameOf(i), at(s, COMMITTED));
  }
  if (can.includes('write') && (!leased || can.includes('lease before write')) && at(s, COMMITS) > 0) {
    const next = steps.fork();
    next[COMMITS] = at(s, COMMITS) - 1;
    next[COMMITTED] = at(s, COMMITTED) + 1;
    next[i + I.pc] = LEARNED;
    next[i + I.version] = at(next, COMMITTED);
    steps.take('# commits v#', false, nameOf(i), at(next, COMMITTED));
  }
}

function clear(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  const isPublished =
    world.rules.answer === 'fresh after publish' &&
    isFresh(world, s, i) &&
    s[i + I.published] === 1 + at(s, i + I.named);
  const isBlind = at(s, i + I.blindLeft) > 0 && s[i + I.blindWait] === 0;
  if (!isPublished && !isBlind) return;
  const next = steps.fork();
  next[i + I.pc] = CLEARED;
  next[i + I.nonce] = next[i + I.leaseEpoch] = next[i + I.published] = 0;
  steps.take(isPublished ? '# may answer' : '# may answer, being blind', false, nameOf(i));
}

function act(world: World, steps: Steps, i: number, can: Role['can']): void {
  const s = steps.state;
  const pc = at(s, i + I.pc);
  if (pc === HITTING) {
    endSlowHit(steps, i);
    return;
  }
  if (pc === IDLE && can.includes('hit slowly') && isPermitted(world, s, i)) startSlowHit(steps, i);
  if (pc === IDLE && mayLease(world, s, i) && can.includes('publish')) {
    if (can.includes('read') || can.includes('lease before write')) lease(steps, i);
  }
  if (pc === IDLE || pc === LEASED) {
    learn(world, steps, i, can);
    return;
  }
  const next = steps.fork();
  rest(next, i);
  if (pc === CLEARED) {
    next[EXPOSED] = max(at(s, EXPOSED), at(s, i + I.version));
    steps.take('# answers v#', false, nameOf(i), at(s, i + I.version));
    return;
  }
  steps.take('# gives up', false, nameOf(i));
  if (can.includes('publish') && s[i + I.published] === 0) publish(world, steps, i);
  clear(world, steps, i);
}

/** The connection of instance i leads to the other server from now on; it is not told. */
function move(steps: Steps, i: number): void {
  const next = steps.fork();
  next[MOVES] = at(next, MOVES) - 1;
  next[i + I.server] = 1 - at(next, i + I.server);
  steps.take('# is moved to redis #', false, nameOf(i), at(next, i + I.server));
}
