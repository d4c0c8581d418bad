import { at } from '../explorer.js';
import type { ClusterRules } from './rules.js';

// The row, the truth, what was answered, what may still happen, and who claimed the slot last.
export const EPOCH = 0;
export const NAMED = 1;
export const BLIND_LEFT = 2;
export const QUIET_LEFT = 3;
export const COMMITTED = 4;
export const EXPOSED = 5;
export const COMMITS = 6;
export const NAMINGS = 7;
export const BLIND_PERIODS = 8;
export const FAILOVERS = 9;
export const MOVES = 10;
export const LOSSES = 11;
export const NEWEST = 12;
/** 1 + the server that was flushed while nobody has noticed, or 0. */
export const FLUSHED = 13;
/** 1 + the server that keeps the slot whose move was cancelled, while the other one may still have the key; or 0. */
export const RETURNING = 14;
/** How long a permission may still last that was given before the slot was opened. */
export const OPENED_LEFT = 15;
/** Two servers: life of the data set, whether it claims the slot, and its key. */
const SERVERS = 16;
const SERVER_SIZE = 7;
export const LIFE = 0;
/** 0: no claim; 1: it has the slot; 2: it has it, and moves it away. */
export const CLAIM = 1;
/** What it holds: kind; server, life and epoch of its identity; version or nonce. */
export const KEY = 2;
export const KEY_SIZE = 5;
export const INSTANCES = SERVERS + 2 * SERVER_SIZE;

export const HAS = 1;
export const MOVES_AWAY = 2;

export const NOTHING = 0;
export const ENTRY = 1;
export const LEASE = 2;

/** Fields of an instance. */
export const I = {
  /** What it read from the row; age in ticks, at most a permission's, which means too old. */
  age: 0,
  epoch: 1,
  named: 2,
  blind: 3,
  quiet: 4,
  /** What its last look found; 0: nobody. */
  view: 5,
  pc: 6,
  version: 7,
  /** Of the lease that it holds, or of the permission for a GET under way. */
  leaseEpoch: 8,
  leaseView: 9,
  nonce: 10,
  /** The view by which it published, or 0. */
  published: 11,
  blindLeft: 12,
  blindWait: 13,
  /** What was answered when the GET under way began. */
  floor: 14,
  /** Whether the last poll saw an open slot. */
  moving: 15,
  /** What the first half of a poll found: whether a slot is open, or the row. Ticks since then, one more; 0: nothing. */
  halfAge: 16,
  half: 17,
  halfEpoch: 18,
  /** Of the poll by which it published, in ticks; a permission's, which means too old. */
  publishedAge: 19,
  /** Whether its last look saw an open slot, whatever came of the poll. */
  sees: 20,
  size: 21,
} as const;

export const IDLE = 0;
export const LEASED = 1;
export const LEARNED = 2;
export const HITTING = 3;

/** Life of a permission, and the wait after a naming or a registration; length of a blind period. */
export const PERMISSION = 1;
export const BLIND = 3;

/** Whether a server says that the slot is open. */
export const isOpen = (s: Uint8Array): boolean =>
  s[RETURNING] !== 0 || s[server(0) + CLAIM] === MOVES_AWAY || s[server(1) + CLAIM] === MOVES_AWAY;

export const server = (x: number): number => SERVERS + x * SERVER_SIZE;

/** A look that found the slot on server x, with the lives of both: one number that is not 0. */
export const viewOf = (s: Uint8Array, x: number): number =>
  1 + x + 2 * at(s, server(0) + LIFE) + 8 * at(s, server(1) + LIFE);
export const serverOf = (view: number): number => (view - 1) & 1;
/** The life that the look saw of a server. */
export const lifeIn = (view: number, x: number): number => ((view - 1) >> (x === 0 ? 1 : 3)) & 3;

/** What the row would name it. */
export function nameOf({ name }: ClusterRules, view: number): number {
  const x = serverOf(view);
  switch (name) {
    case 'place':
      return 1 + x + 2 * lifeIn(view, x);
    case 'whole map':
      return view;
    case 'servers':
      return 1 + ((view - 1) >> 1);
    case 'address':
      return 1;
  }
}

/** Whose an entry is: server, life, epoch. */
export type Identity = readonly [server: number, life: number, epoch: number];

export function identityOn(rules: ClusterRules, s: Uint8Array, x: number, view: number, epoch: number): Identity {
  switch (rules.identity) {
    case 'asked inside':
      return [x, at(s, server(x) + LIFE), epoch];
    case 'told by the caller':
      return [x, lifeIn(view, x), epoch];
    case 'epoch only':
      return [0, 0, epoch];
  }
}

export function put(s: Uint8Array, x: number, kind: number, identity: Identity, content: number): void {
  const key = server(x) + KEY;
  s[key] = kind;
  s[key + 1] = identity[0];
  s[key + 2] = identity[1];
  s[key + 3] = identity[2];
  s[key + 4] = content;
}

export function clearKey(s: Uint8Array, x: number): void {
  s.fill(0, server(x) + KEY, server(x) + KEY + KEY_SIZE);
}

export function copyKey(s: Uint8Array, from: number, to: number): void {
  s.copyWithin(server(to) + KEY, server(from) + KEY, server(from) + KEY + KEY_SIZE);
}

export const isEmpty = (s: Uint8Array, x: number): boolean => s[server(x) + KEY] === NOTHING;

export function holds(s: Uint8Array, x: number, kind: number, identity: Identity): boolean {
  const key = server(x) + KEY;
  return s[key] === kind && s[key + 1] === identity[0] && s[key + 2] === identity[1] && s[key + 3] === identity[2];
}

export const contentOf = (s: Uint8Array, x: number): number => at(s, server(x) + KEY + 4);

export function forgetTask(s: Uint8Array, i: number): void {
  s[i + I.pc] = s[i + I.version] = s[i + I.published] = s[i + I.publishedAge] = s[i + I.floor] = 0;
  forgetLease(s, i);
}

export function forgetLease(s: Uint8Array, i: number): void {
  s[i + I.leaseEpoch] = s[i + I.leaseView] = s[i + I.nonce] = 0;
}

/** A nonce that nobody knows. */
export function freshNonce(s: Uint8Array): number {
  for (let nonce = 1; ; nonce++) {
    let known = [0, 1].some((x) => s[server(x) + KEY] === LEASE && contentOf(s, x) === nonce);
    for (let i = INSTANCES; i < s.length; i += I.size) known ||= s[i + I.nonce] === nonce;
    if (!known) return nonce;
  }
}

/** Instances are numbered from 0. */
export const numberOf = (i: number): number => (i - INSTANCES) / I.size;
