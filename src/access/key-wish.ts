import { faultOfPrefix } from '../domain/operands.js';
import { type Scope, SCOPES } from '../domain/scope.js';
import type { KeyChange } from '../store/api-keys.js';
import { AccessError } from './errors.js';

/** What a new key is to be. */
export interface KeyWish {
  /** For people, such as the name of who will use it. */
  readonly label: string;
  /** At least one. */
  readonly scopes: readonly Scope[];
  /** Names must begin with it; '' allows every name. */
  readonly prefix: string;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
  /** Names that it may bring into being, at least 0; null or left out: what the configuration says. */
  readonly maxNames?: number | null;
  /** Of pages that alone may call with it; none, or left out: whoever has it. */
  readonly origins?: readonly string[];
  /** Requests, at least 1; null or left out: what the configuration says. */
  readonly perSecond?: number | null;
}

/** What of a key is to be another than it was; what is left out stays. */
export type ChangeWish = Omit<KeyChange, 'expiresAt'> & { readonly expiresAt?: Date | null | undefined };

/** Longer ones do not fit into a table that people read. */
const MAX_LABEL_LENGTH = 100;

/** Pages are on a few hosts; every preflight looks for its own among those of all keys. */
const MAX_ORIGINS = 20;

/** Far above what one instance can do. */
const MAX_PER_SECOND = 1_000_000;

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;

/** There cannot be such a key; the message says why. */
export class UnfitKey extends AccessError {}

/**
 * @param nowMs the clock by which keys expire, milliseconds since 1970
 * @throws UnfitKey
 */
export function refuseUnfit({ scopes, prefix, ...rest }: KeyWish, nowMs: number): void {
  if (scopes.length === 0) throw new UnfitKey(`A key needs a scope: ${SCOPES.join(', ')}.`);
  const fault = faultOfPrefix(prefix);
  if (fault !== null) throw new UnfitKey(`The prefix ${fault}.`);
  refuseUnfitChange(rest, nowMs);
}

/** @throws UnfitKey */
export function refuseUnfitChange(wish: ChangeWish, nowMs: number): void {
  const { label, expiresAt, maxNames, origins = [], perSecond } = wish;
  if (label !== undefined && !isLabel(label)) {
    throw new UnfitKey(`The label must be 1 to ${MAX_LABEL_LENGTH} characters, without control characters.`);
  }
  if (origins.length > MAX_ORIGINS) throw new UnfitKey(`There may be at most ${MAX_ORIGINS} origins.`);
  for (const origin of origins) {
    if (!isOrigin(origin)) throw new UnfitKey('An origin must be as browsers send it, such as "https://example.org".');
  }
  if (!isCount(perSecond, 1, MAX_PER_SECOND)) {
    throw new UnfitKey(`The requests a second must be a whole number from 1 to ${MAX_PER_SECOND}.`);
  }
  if (!isCount(maxNames, 0, Number.MAX_SAFE_INTEGER)) throw new UnfitKey('The number of names must be 0 or more.');
  if (expiresAt instanceof Date && !(expiresAt.getTime() > nowMs)) {
    throw new UnfitKey('The key would have expired already.');
  }
}

function isLabel(text: string): boolean {
  return text !== '' && text.length <= MAX_LABEL_LENGTH && !CONTROL_OR_LONE_SURROGATE.test(text);
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isCount(count: number | null | undefined, least: number, most: number): boolean {
  return count === null || count === undefined || (Number.isInteger(count) && count >= least && count <= most);
}
