import { timingSafeEqual } from 'node:crypto';
import type { Creator } from '../domain/operation.js';
import { type Scope, SCOPES } from '../domain/scope.js';
import type { ApiKey } from '../store/api-keys.js';
import { policyFor, type RatePolicy } from './token-bucket.js';

/** What whoever makes a request may do. */
export interface Grant {
  /** The id of the API key; of a link `link ` and its id; '' where none is asked for. */
  readonly keyId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Names must begin with it; '' allows every name. */
  readonly prefix: string;
  /** The prefix is the one name that it allows. */
  readonly isOneName?: boolean;
  /** Of pages that alone may call with it; none: whoever has it. */
  readonly origins: readonly string[];
  /** At what pace it may call; null: as every key. */
  readonly pace: RatePolicy | null;
  /** On whose account names are brought into being; null: on nobody's, and without a limit. */
  readonly creator: Creator | null;
}

/** Where no key is asked for. */
export const EVERYTHING: Grant = {
  keyId: '',
  scopes: new Set(SCOPES),
  prefix: '',
  origins: [],
  pace: null,
  creator: null,
};

/** The id of the key that the configuration brings; ids in the database are longer. */
export const ADMIN_KEY_ID = 'admin';

/** That of the key that the configuration brings. */
export const ADMIN: Grant = {
  keyId: ADMIN_KEY_ID,
  scopes: new Set(SCOPES),
  prefix: '',
  origins: [],
  pace: null,
  creator: null,
};

/**
 * What a key allows, to whom presents a secret with this digest; null: nothing, it is revoked, expired or another's.
 *
 * @param nowMs milliseconds since 1970
 * @param namesPerKey names that a key may bring into being for which nothing else is said
 */
export function grantOf(key: ApiKey, digest: Buffer, nowMs: number, namesPerKey: number): Grant | null {
  // Both are compared, so that the time taken tells nothing.
  const isCurrent = timingSafeEqual(key.digest, digest);
  const isPrevious =
    timingSafeEqual(key.previousDigest ?? key.digest, digest) && isBefore(nowMs, key.previousExpiresAt);
  if (!isCurrent && !isPrevious) return null;
  if (key.revokedAt !== null || (key.expiresAt !== null && !isBefore(nowMs, key.expiresAt))) return null;
  const { id: keyId, scopes, prefix, origins, perSecond } = key;
  return {
    keyId,
    scopes: new Set(scopes),
    prefix,
    origins,
    pace: perSecond === null ? null : policyFor('key', perSecond),
    creator: creatorOf(key, namesPerKey),
  };
}

/** Whoever may operate the service is not kept from filling it. */
function creatorOf({ id, scopes, maxNames, namesCreated }: ApiKey, namesPerKey: number): Creator | null {
  if (scopes.includes('admin')) return null;
  return { keyId: id, maxNames: maxNames ?? namesPerKey, names: namesCreated };
}

function isBefore(nowMs: number, end: string | null): boolean {
  return end !== null && nowMs < Date.parse(end);
}

/** Whose share of what there is only so much of: the key's; null where none is asked for. */
export function holderOf(grant: Grant | null): string | null {
  return grant === null || grant === EVERYTHING ? null : grant.keyId;
}

/** Whether a name is one that the key may see and touch. */
export function coversName({ prefix, isOneName }: Grant, name: string): boolean {
  return isOneName === true ? name === prefix : name.startsWith(prefix);
}

/**
 * The prefix to look up for whom asks for all names that begin with `asked`: what both allow; null where that is
 * nothing.
 */
export function narrowed({ prefix, isOneName }: Grant, asked: string): string | null {
  // Others may begin as the one does.
  if (isOneName === true) return null;
  if (asked.startsWith(prefix)) return asked;
  return prefix.startsWith(asked) ? prefix : null;
}
