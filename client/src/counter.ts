import { InvalidRequest } from './errors.js';

/** A counter as the service shows it. */
export interface Counter {
  readonly name: string;
  /** From -(2^53-1) to 2^53-1, and within `min` and `max` where they are set. */
  readonly value: number;
  /** Counts the changes of the name, by one for each; never used twice for one name. */
  readonly version: number;
  readonly min: number | null;
  readonly max: number | null;
  /** When it ends by itself, RFC 3339, UTC, milliseconds; null: never. */
  readonly expiresAt: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly updatedAt: string;
}

/** A counter as it was read. */
export interface Read extends Counter {
  /** False while the service cannot reach its database and answers from its cache, or when the answer does not tell. */
  readonly verified: boolean;
}

/** A counter after a write. */
export interface Written extends Counter {
  /** Whether an earlier try with the same key had decided the write, and this is its answer again. */
  readonly replayed: boolean;
}

/** A counter after a reset. */
export interface WasReset extends Written {
  readonly previous: number;
}

/** What a counter came to in one interval. */
export interface Point {
  /** The beginning of the interval: RFC 3339, UTC. */
  readonly at: string;
  /** The value less that of the point before. */
  readonly delta: number;
  /** At the end of the interval. */
  readonly value: number;
}

/** The period of a change; one that goes on is told up to when it was looked at. */
export interface Period {
  readonly from: string;
  readonly to: string;
  readonly tz: string;
}

/** Counters in the order of their values or changes, the highest first. */
export interface Ranking extends Period {
  readonly data: readonly { readonly name: string; readonly value: number; readonly change: number }[];
  /** When they were looked at: now, or some seconds ago. */
  readonly asOf: string;
}

/** How many counters there are, and what they add up to; with `over`, what they gained in that period, too. */
export interface Summary extends Partial<Period> {
  readonly prefix: string;
  readonly count: number;
  /** Beyond 2^53-1 it is rounded. */
  readonly sum: number;
  readonly change?: number;
  readonly asOf: string;
}

/** When a counter is to end by itself; what is left out stays as it is. Changing it takes a key with the scope `write`. */
export interface Expiry {
  /** From now on, milliseconds, up to ten years. */
  readonly ttlMs?: number;
  /** A moment to come, in place of `ttlMs`; null: it does not end any more. */
  readonly expiresAt?: Date | string | null;
  /** `ifNone`: only where it has none, or is created; for windows of a rate limit. Default `always`. */
  readonly expiry?: 'always' | 'ifNone';
}

/** One increment with the key it has at every try. */
export interface KeyedIncrement extends Expiry {
  readonly name: string;
  readonly by: number;
  readonly idempotencyKey: string;
}

/** Longest name that the service takes, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
/** Longest key that the service takes. */
const MAX_KEY_CHARACTERS = 255;

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;
/** Printable ASCII without space, quote and backslash: those would not mean the same in a header and in a body. */
const SAFE_KEY = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/*
 * Checked before sending: URL parsers eat '.' and '..', encodeURIComponent throws on a lone surrogate, and one
 * malformed item would have the service refuse the increments of others that were gathered with it.
 */

/** The path of one counter. @throws InvalidRequest when it cannot be a name */
export function pathOf(name: string): string {
  return `/v1/counters/${encodeURIComponent(checkedName(name))}`;
}

/** @throws InvalidRequest unless 1 to 255 bytes of UTF-8, no control characters, not '.' or '..' */
export function checkedName(name: string): string {
  if (name === '' || name === '.' || name === '..') throw refused(`"${name}" cannot be the name of a counter`);
  if (CONTROL_OR_LONE_SURROGATE.test(name)) throw refused('a name must be valid Unicode without control characters');
  if (name.length > MAX_NAME_BYTES || new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    throw refused(`a name must be at most ${MAX_NAME_BYTES} bytes of UTF-8`);
  }
  return name;
}

/** @throws InvalidRequest unless a whole number from -(2^53-1) to 2^53-1, and not 0 */
export function checkedBy(by: number): number {
  if (!Number.isSafeInteger(by) || by === 0) throw refused('"by" must be a whole number, up to 2^53-1, and not 0');
  return by;
}

/** @throws InvalidRequest unless 1 to `most` characters of printable ASCII, and no space, quote or backslash */
export function checkedKey(key: string, most = MAX_KEY_CHARACTERS): string {
  if (key.length > most || !SAFE_KEY.test(key)) {
    throw refused(`an idempotency key must be 1 to ${most} characters of ASCII, without space, quote and backslash`);
  }
  return key;
}

/** Of whatever else there is beside, what is said of the expiry. */
export function expiryOf({ ttlMs, expiresAt, expiry }: Expiry): Expiry {
  return { ttlMs, expiresAt, expiry };
}

function refused(detail: string): InvalidRequest {
  return new InvalidRequest('invalid_request', detail);
}
