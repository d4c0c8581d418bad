import { at, type Steps } from '../explorer.js';
import type { ClusterCast } from './rules.js';
import {
  CLAIM,
  clearKey,
  copyKey,
  FAILOVERS,
  FLUSHED,
  HAS,
  I,
  INSTANCES,
  isEmpty,
  KEY,
  KEY_SIZE,
  LIFE,
  LOSSES,
  MOVES,
  MOVES_AWAY,
  NEWEST,
  OPENED_LEFT,
  PERMISSION,
  RETURNING,
  server,
} from './state.js';

/** What may happen to the servers. */
export function servers(cast: ClusterCast, steps: Steps): void {
  for (const [x, y] of [[0, 1] as const, [1, 0] as const]) {
    if (!isEmpty(steps.state, x) && at(steps.state, LOSSES) > 0) lose(cast, steps, x);
    if (cast.servers === 'primary and replica') failOver(steps, x, y);
    else move(cast, steps, x, y);
    forget(cast, steps, x, y);
  }
}

function lose({ flushes }: ClusterCast, steps: Steps, x: number): void {
  const next = steps.fork();
  next[LOSSES] = at(next, LOSSES) - 1;
  clearKey(next, x);
  if (flushes) {
    next[FLUSHED] = x + 1;
    // Polls that were before it do not count.
    for (let i = INSTANCES; i < next.length; i += I.size) next[i + I.age] = PERMISSION;
  }
  steps.take('server # loses the key', false, x);
}

/** The replica is promoted with what it has, in another life of its data set; the old primary goes on serving. */
function failOver(steps: Steps, x: number, y: number): void {
  const s = steps.state;
  const [own, other] = [server(x), server(y)];
  if (at(s, own + CLAIM) > 0 && s[other + CLAIM] === 0 && at(s, FAILOVERS) > 0) {
    const next = steps.fork();
    next[FAILOVERS] = at(next, FAILOVERS) - 1;
    next[other + LIFE] = at(next, other + LIFE) + 1;
    next[other + CLAIM] = HAS;
    next[NEWEST] = y;
    steps.take('server # is promoted', false, y);
  }
  if (s[own + CLAIM] === 0 && !sameKey(s, own, other)) {
    copyKey(steps.fork(), y, x);
    steps.take('server #, a replica, takes over what server # holds', false, x, y);
  }
}

/** The slot is opened, its key moved, and the move ended or cancelled; or it is taken by force. */
function move({ force, twins, returns }: ClusterCast, steps: Steps, x: number, y: number): void {
  const s = steps.state;
  const own = at(s, server(x) + CLAIM);
  const other = at(s, server(y) + CLAIM);
  if (s[RETURNING] === x + 1) bringBack(steps, x, y);
  if (s[RETURNING] !== 0) return;
  if (own === HAS && other === 0 && at(s, MOVES) > 0) {
    openSlot(steps, x, y);
    if (force) claim(steps, y, 'server # takes the slot by force, server # does not know yet', x);
  }
  if (own !== MOVES_AWAY || other !== 0) return;
  if (!isEmpty(s, x)) {
    const next = steps.fork();
    copyKey(next, x, y);
    clearKey(next, x);
    steps.take('the key is moved from server # to server #', false, x, y);
    if (twins && isEmpty(s, y)) {
      copyKey(steps.fork(), x, y);
      steps.take('the key is moved from server # to server #, and stays', false, x, y);
    }
  }
  claim(steps, y, 'server # has the slot now, server # does not know yet', x);
  const mayCancel = returns !== 'later, a second after the opening' || s[OPENED_LEFT] === 0;
  if (mayCancel && (isEmpty(s, y) || isEmpty(s, x) || twins)) {
    const next = steps.fork();
    next[server(x) + CLAIM] = HAS;
    if (returns === 'with it') goBack(next, x, y);
    else next[RETURNING] = x + 1;
    steps.take('the move is cancelled: server # keeps the slot, what server # has goes back in time', false, x, y);
  }
}

/** The other server says that the slot is open until its key went back. */
function bringBack(steps: Steps, x: number, y: number): void {
  const next = steps.fork();
  next[RETURNING] = 0;
  goBack(next, x, y);
  steps.take('what server # has goes back to server #, over what is there', false, y, x);
}

function goBack(s: Uint8Array, x: number, y: number): void {
  if (isEmpty(s, y)) return;
  copyKey(s, y, x);
  clearKey(s, y);
}

function openSlot(steps: Steps, x: number, y: number): void {
  const next = steps.fork();
  next[MOVES] = at(next, MOVES) - 1;
  next[server(x) + CLAIM] = MOVES_AWAY;
  next[OPENED_LEFT] = PERMISSION;
  steps.take('the slot is opened on server #, towards server #', false, x, y);
}

function claim(steps: Steps, y: number, label: string, x: number): void {
  const next = steps.fork();
  // By force it was not opened before.
  if (next[server(x) + CLAIM] === HAS) next[MOVES] = at(next, MOVES) - 1;
  next[server(y) + CLAIM] = HAS;
  next[NEWEST] = y;
  steps.take(label, false, y, x);
}

/** A server learns that another one has the slot; of two primaries it may drop the key or keep it. */
function forget(cast: ClusterCast, steps: Steps, x: number, y: number): void {
  const s = steps.state;
  if (s[server(x) + CLAIM] === 0 || s[NEWEST] !== y || s[server(y) + CLAIM] !== HAS) return;
  steps.fork()[server(x) + CLAIM] = 0;
  steps.take('server # learns that it has the slot no more', false, x);
  if (cast.servers === 'primary and replica' || isEmpty(s, x)) return;
  const next = steps.fork();
  next[server(x) + CLAIM] = 0;
  clearKey(next, x);
  steps.take('server # learns that it has the slot no more, and drops the key', false, x);
}

function sameKey(s: Uint8Array, own: number, other: number): boolean {
  for (let field = KEY; field < KEY + KEY_SIZE; field++) if (s[own + field] !== s[other + field]) return false;
  return true;
}
