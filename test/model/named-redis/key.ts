import { at, type Steps } from '../explorer.js';
import {
  CLEARED,
  ENTRY,
  EXPOSED,
  freshNonce,
  HITTING,
  I,
  keyOf,
  KEYS,
  LEASE,
  LEASED,
  LOSSES,
  nameOf,
  NOTHING,
  put,
  rest,
  type World,
} from './state.js';

const { max } = Math;

/** A hit whose permission was looked at in the same moment. */
export function hit(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  const key = keyOf(s, i);
  if (s[key] !== ENTRY || s[key + 1] !== s[i + I.epoch]) return;
  if (s[i + I.server] !== s[i + I.named] && world.rules.serverTold) return;
  steps.fork();
  const [version, floor] = [at(s, key + 2), at(s, EXPOSED)];
  steps.take('# hits v# on redis #, v# was answered', version < floor, nameOf(i), version, at(s, i + I.server), floor);
}

/** A hit whose GET may arrive at any time later. */
export function startSlowHit(steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  next[i + I.pc] = HITTING;
  next[i + I.version] = at(s, EXPOSED);
  next[i + I.leaseEpoch] = at(s, i + I.epoch);
  next[i + I.published] = 1 + at(s, i + I.named);
  steps.take('# has a permission, v# was answered', false, nameOf(i), at(s, EXPOSED));
}

export function endSlowHit(steps: Steps, i: number): void {
  const s = steps.state;
  const key = keyOf(s, i);
  const own = s[key] === ENTRY && s[key + 1] === s[i + I.leaseEpoch] && s[i + I.published] === 1 + at(s, i + I.server);
  const next = steps.fork();
  rest(next, i);
  if (!own) {
    steps.take('# misses', false, nameOf(i));
    return;
  }
  next[EXPOSED] = max(at(s, EXPOSED), at(s, key + 2));
  steps.take('# hits v#', at(s, key + 2) < at(s, i + I.version), nameOf(i), at(s, key + 2));
}

/** Takes or shares the lease. An entry that is found instead is a hit. */
export function lease(steps: Steps, i: number): void {
  const s = steps.state;
  const key = keyOf(s, i);
  const epoch = at(s, i + I.epoch);
  const own = s[key + 1] === epoch;
  if (own && s[key] === ENTRY) return;
  const next = steps.fork();
  const nonce = own && s[key] === LEASE ? at(s, key + 2) : freshNonce(s);
  put(next, key, LEASE, epoch, nonce);
  next[i + I.pc] = LEASED;
  next[i + I.nonce] = nonce;
  next[i + I.leaseEpoch] = epoch;
  steps.take('# takes a lease on redis # under epoch #', false, nameOf(i), at(s, i + I.server), epoch);
}

/** Publishes, with the nonce where a lease is held. */
export function publish(world: World, steps: Steps, i: number): void {
  const s = steps.state;
  const key = keyOf(s, i);
  const holdsLease = at(s, i + I.leaseEpoch) > 0;
  const epoch = holdsLease ? at(s, i + I.leaseEpoch) : at(s, i + I.epoch);
  if (epoch === 0) return;
  const next = steps.fork();
  const own = s[key + 1] === epoch;
  let stored = false;
  if (own && s[key] === ENTRY) {
    next[i + I.version] = next[key + 2] = max(at(s, i + I.version), at(s, key + 2));
    stored = holdsLease;
  } else if (own && s[key] === LEASE && holdsLease && s[key + 2] === s[i + I.nonce]) {
    put(next, key, ENTRY, epoch, at(s, i + I.version));
    stored = true;
  } else {
    put(next, key, NOTHING, 0, 0);
  }
  next[i + I.published] = 1 + at(s, i + (world.rules.serverTold ? I.server : I.named));
  next[i + I.nonce] = next[i + I.leaseEpoch] = 0;
  const named = next[i + I.published] === 1 + at(s, i + I.named);
  if (world.rules.answer === 'unchecked' || (stored && world.rules.fillAnswer === 'unchecked'))
    next[i + I.pc] = CLEARED;
  if (world.rules.answer === 'fresh before learning' && named) next[i + I.pc] = CLEARED;
  steps.take(
    '# publishes v# to redis # under epoch #',
    false,
    nameOf(i),
    at(s, i + I.version),
    at(s, i + I.server),
    epoch,
  );
}

/** A key is flushed, expires or is evicted. */
export function lose(steps: Steps): void {
  for (const key of [KEYS, KEYS + 3]) {
    if (steps.state[key] === NOTHING) continue;
    const next = steps.fork();
    next[LOSSES] = at(next, LOSSES) - 1;
    put(next, key, NOTHING, 0, 0);
    steps.take('a key is lost', false);
  }
}
