import { at } from '../explorer.js';
import type { ReplicaRules } from './rules.js';

// The row, the truth, what was answered, what may still happen, and who called itself primary last.
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
export const LOSSES = 10;
export const NEWEST = 11;
/** Two servers: life of the data set, whether it calls itself primary, and its key. */
const SERVERS = 12;
const SERVER_SIZE = 6;
export const LIFE = 0;
export const IS_PRIMARY = 1;
/** What it holds: kind, place and epoch of its identity, version or nonce. */
export const KEY = 2;
export const KEY_SIZE = 4;
export const INSTANCES = SERVERS + 2 * SERVER_SIZE;

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
  /** The place that its last look found; 0: none. */
  view: 5,
  pc: 6,
  version: 7,
  /** Of the lease that it holds, or of the permission for a GET under way: epoch, place, nonce. */
  leaseEpoch: 8,
  leasePlace: 9,
  nonce: 10,
  /** The place that took the publish, or 0. */
  published: 11,
  blindLeft: 12,
  blindWait: 13,
  /** What was answered when the GET under way began. */
  floor: 14,
  size: 15,
} as const;

export const IDLE = 0;
export const LEASED = 1;
export const LEARNED = 2;
export const HITTING = 3;

/** Life of a permission, and the wait after a naming or a registration; length of a blind period. */
export const PERMISSION = 1;
export const BLIND = 3;

export const server = (x: number): number => SERVERS + x * SERVER_SIZE;
/** A server in a life of its data set, as one number that is not 0. */
export const placeOf = (s: Uint8Array, x: number): number => 1 + x + 2 * at(s, server(x) + LIFE);
export const serverOf = (place: number): number => (place - 1) % 2;
/** What the row would name it. */
export const nameOf = ({ name }: ReplicaRules, place: number): number => (name === 'address' ? 1 : place);

export function put(s: Uint8Array, x: number, kind: number, place: number, epoch: number, content: number): void {
  s.set([kind, place, epoch, content], server(x) + KEY);
}

export function holds(s: Uint8Array, x: number, kind: number, place: number, epoch: number): boolean {
  const key = server(x) + KEY;
  return s[key] === kind && s[key + 1] === place && s[key + 2] === epoch;
}

export const contentOf = (s: Uint8Array, x: number): number => at(s, server(x) + KEY + 3);

export function forgetTask(s: Uint8Array, i: number): void {
  for (const field of [I.pc, I.version, I.leaseEpoch, I.leasePlace, I.nonce, I.published, I.floor]) s[i + field] = 0;
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
