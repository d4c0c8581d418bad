import { at } from '../explorer.js';
import type { NamedRedisRules } from './rules.js';

// The row, the truth, and what had been answered.
export const EPOCH = 0;
export const NAMED = 1;
export const BLIND_LEFT = 2;
export const QUIET_LEFT = 3;
export const COMMITTED = 4;
export const EXPOSED = 5;
export const COMMITS = 6;
export const NAMINGS = 7;
export const BLIND_PERIODS = 8;
export const MOVES = 9;
export const LOSSES = 10;
/** A key for each server: what it is, epoch, version or nonce. */
export const KEYS = 11;
export const INSTANCES = 17;

export const NOTHING = 0;
export const ENTRY = 1;
export const LEASE = 2;

/** Fields of an instance. */
export const I = {
  server: 0,
  /** What it read from the row; age in ticks, at most the life of a permission, which means too old. Epoch 0: it read nothing yet. */
  age: 1,
  epoch: 2,
  named: 3,
  blind: 4,
  quiet: 5,
  /** Ticks to wait after its own naming, or one it learned of. */
  wait: 6,
  /** Its own blindness, and the wait at its start, in ticks left. */
  blindLeft: 7,
  blindWait: 8,
  /** What it is doing, and with what. */
  pc: 9,
  version: 10,
  nonce: 11,
  /** The epoch of the lease it holds, or 0. */
  leaseEpoch: 12,
  /** 1 + the server that took the publish, or 0. */
  published: 13,
  size: 14,
} as const;
const TASK_FIELDS = [I.pc, I.version, I.nonce, I.leaseEpoch, I.published] as const;

export const IDLE = 0;
export const LEASED = 1;
export const LEARNED = 2;
/** May answer now, or when it wakes up. */
export const CLEARED = 3;
/** Has looked at its permission and is about to GET: version is what was answered before, published 1 + the server named. */
export const HITTING = 4;

/** The rules, and the times in ticks. */
export interface World {
  readonly rules: NamedRedisRules;
  /** Life of a permission, and the wait after a naming or a registration. */
  readonly permission: number;
  /** Length of a blind period. */
  readonly blind: number;
  /** Whether what an old poll said can still matter, but for its epoch. */
  readonly remembers: boolean;
}

export function put(s: Uint8Array, key: number, kind: number, epoch: number, content: number): void {
  s[key] = kind;
  s[key + 1] = epoch;
  s[key + 2] = content;
}

export function rest(s: Uint8Array, i: number): void {
  for (const field of TASK_FIELDS) s[i + field] = 0;
}

/** A nonce that nobody knows. */
export function freshNonce(s: Uint8Array): number {
  for (let nonce = 1; ; nonce++) {
    let known = [KEYS, KEYS + 3].some((key) => s[key] === LEASE && s[key + 2] === nonce);
    for (let i = INSTANCES; i < s.length; i += I.size) known ||= s[i + I.nonce] === nonce;
    if (!known) return nonce;
  }
}

/** The key on the server that instance i reaches. */
export function keyOf(s: Uint8Array, i: number): number {
  return KEYS + 3 * at(s, i + I.server);
}

/** Instances are numbered from 0. */
export function nameOf(i: number): number {
  return (i - INSTANCES) / I.size;
}
