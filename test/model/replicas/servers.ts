import { at, type Steps } from '../explorer.js';
import type { ReplicaRules } from './rules.js';
import {
  FAILOVERS,
  forgetTask,
  HITTING,
  I,
  INSTANCES,
  IS_PRIMARY,
  KEY,
  KEY_SIZE,
  LIFE,
  LOSSES,
  NEWEST,
  NOTHING,
  put,
  server,
  serverOf,
} from './state.js';

/** What may happen to the servers. */
export function servers(rules: ReplicaRules, steps: Steps): void {
  for (const [x, y] of [[0, 1] as const, [1, 0] as const]) {
    const s = steps.state;
    const [own, other] = [server(x), server(y)];
    if (s[own + KEY] !== NOTHING && at(s, LOSSES) > 0) lose(steps, x);
    if (s[own + IS_PRIMARY] === 1 && s[other + IS_PRIMARY] === 0 && at(s, FAILOVERS) > 0) promote(steps, y);
    if (s[own + IS_PRIMARY] === 0 && !sameKey(s, own, other)) follow(steps, x, y);
    if (s[own + IS_PRIMARY] === 1 && s[other + IS_PRIMARY] === 1 && s[NEWEST] === y) demote(rules, steps, x);
  }
}

function lose(steps: Steps, x: number): void {
  const next = steps.fork();
  next[LOSSES] = at(next, LOSSES) - 1;
  put(next, x, NOTHING, 0, 0, 0);
  steps.take('server # loses the key', false, x);
}

/** With what it has, and another life of its data set; the old primary goes on serving. */
function promote(steps: Steps, x: number): void {
  const next = steps.fork();
  next[FAILOVERS] = at(next, FAILOVERS) - 1;
  next[server(x) + LIFE] = at(next, server(x) + LIFE) + 1;
  next[server(x) + IS_PRIMARY] = 1;
  next[NEWEST] = x;
  steps.take('server # is promoted', false, x);
}

function follow(steps: Steps, x: number, leader: number): void {
  const next = steps.fork();
  const from = server(leader) + KEY;
  next.set(next.slice(from, from + KEY_SIZE), server(x) + KEY);
  steps.take('server #, a replica, takes over what server # holds', false, x, leader);
}

function demote(rules: ReplicaRules, steps: Steps, x: number): void {
  const next = steps.fork();
  next[server(x) + IS_PRIMARY] = 0;
  if (rules.demoted === 'clients are ended') {
    for (let i = INSTANCES; i < next.length; i += I.size) {
      if (next[i + I.pc] === HITTING && serverOf(at(next, i + I.leasePlace)) === x) forgetTask(next, i);
      if (at(next, i + I.view) > 0 && serverOf(at(next, i + I.view)) === x) next[i + I.view] = 0;
    }
  }
  steps.take('server # is demoted', false, x);
}

function sameKey(s: Uint8Array, own: number, other: number): boolean {
  for (let field = KEY; field < KEY + KEY_SIZE; field++) if (s[own + field] !== s[other + field]) return false;
  return true;
}
