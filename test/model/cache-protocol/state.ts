import { at } from '../explorer.js';
import type { CacheProtocol } from './protocol.js';

// The state, field by field. A key takes three: what it is, the life of Redis it was written in, version or nonce.
export const COMMITTED = 0;
export const KEY = 1;
export const LIFE = 4;
export const SNAPSHOT = 5;
export const HAS_SNAPSHOT = 8;
export const FLUSHES = 9;
export const RESTARTS = 10;
export const COUNTED = 11;
export const DUPLICATES = 12;
/** The highest version answered to anybody. */
export const EXPOSED = 13;
export const WRITERS = 14;

export const NOTHING = 0;
export const ENTRY = 1;
export const LEASE = 2;

/** Fields of a writer. */
export const W = { pc: 0, version: 1, nonce: 2, size: 3 } as const;
export const WRITE = {
  start: 0,
  deleted: 1,
  committed: 2,
  published: 3,
  answered: 4,
  repeated: 5,
  late: 6,
  dead: 9,
} as const;

/** Fields of a reader; `floor` is what had been exposed when it was invoked. Once replied, nonce is 1 for a confirmed fill. */
export const R = { pc: 0, floor: 1, nonce: 2, version: 3, size: 4 } as const;
/** `joined + j` waits for the flight of reader j. */
export const READ = {
  start: 0,
  invoked: 1,
  missed: 2,
  leased: 3,
  selected: 4,
  replied: 5,
  done: 9,
  joined: 20,
} as const;

export const READER_NONCE = 100;
export const WRITER_NONCE = 200;
/** A reader that found somebody else's lease and may not fill. */
export const MAY_NOT_FILL = 255;

const { max } = Math;

/** Whether the key holds an entry or a lease that counts. */
export function holds(protocol: CacheProtocol, s: Uint8Array, kind: number): boolean {
  return s[KEY] === kind && (!protocol.identity || s[KEY + 1] === s[LIFE]);
}

export function put(s: Uint8Array, kind: number, content: number): void {
  s[KEY] = kind;
  s[KEY + 1] = kind === NOTHING ? 0 : at(s, LIFE);
  s[KEY + 2] = content;
}

export function expose(s: Uint8Array, version: number): void {
  s[EXPOSED] = max(at(s, EXPOSED), version);
}
