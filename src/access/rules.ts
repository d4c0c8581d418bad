import type { Scope } from '../domain/scope.js';
import { Forbidden } from './errors.js';
import { coversName, EVERYTHING, type Grant, narrowed } from './grant.js';
import type { Use } from './known-keys.js';
import type { Action } from './action-log.js';

/** What a key must allow for one kind of thing that may be asked of this service, whatever protocol it is asked in. */
export interface Rule {
  /** Any of them will do; none: a good key is enough. */
  readonly scopes: readonly Scope[];
  /** Whether it only looks: keys that were good may go on with that while they cannot be looked up. */
  readonly use: Use;
  /**
   * `all`: every counter there is, or the service itself, so that a key with a prefix is refused. `unknown`: whoever made
   * the way in forgot to say, so that every key is.
   */
  readonly about: 'names' | 'all' | 'nothing' | 'unknown';
  /** What is logged of it; increments are too many for that. */
  readonly logged: Action | null;
}

const rule = (scopes: readonly Scope[], use: Use, about: Rule['about'], logged: Action | null = null): Rule => ({
  scopes,
  use,
  about,
  logged,
});

/** Everything that may be asked for. */
export const RULES = {
  /** Counters, by name or by how their names begin, now or over time. */
  read: rule(['read'], 'read', 'names'),
  increment: rule(['increment', 'write'], 'write', 'names'),
  /** What an edge counted; not for pages, and so apart. */
  deliver: rule(['increment', 'write'], 'write', 'names'),
  /** To say when a counter ends, along with whatever else: one that ends in a moment is deleted. */
  expire: rule(['write'], 'write', 'names'),
  set: rule(['write'], 'write', 'names', 'counter set'),
  reset: rule(['write'], 'write', 'names', 'counter reset'),
  delete: rule(['write'], 'write', 'names', 'counter deleted'),
  /** To say what counters should not be; it holds whoever makes one to its prefix by itself. */
  watch: rule(['write'], 'write', 'names', 'watch made'),
  watchOtherwise: rule(['write'], 'write', 'names', 'watch changed'),
  watchNoMore: rule(['write'], 'write', 'names', 'watch removed'),
  /** The numbers of an instance. */
  measure: rule(['read'], 'read', 'all'),
  /** The state of the cache, of jobs and keys, and what changes it. */
  inspect: rule(['admin'], 'read', 'all'),
  operate: rule(['admin'], 'write', 'all'),
  /** What the key itself allows. */
  ownRights: rule([], 'read', 'nothing'),
  unheardOf: rule([], 'write', 'unknown'),
} as const satisfies Record<string, Rule>;

/**
 * Holds a call to the scopes of a key, and to its prefix where it is about everything.
 *
 * @throws Forbidden
 */
export function holdRule({ scopes, about }: Rule, grant: Grant): void {
  if (scopes.length > 0 && !hasOne(scopes, grant)) {
    throw new Forbidden(`The key does not have the scope ${scopes.map((scope) => `"${scope}"`).join(' or ')}.`);
  }
  if (about === 'unknown' && grant !== EVERYTHING) throw new Forbidden('Nobody has said who may call this.');
  if (about === 'all' && grant.prefix !== '') {
    throw new Forbidden('This is about all counters, and the key is for those with its prefix.');
  }
}

/**
 * Holds a call to the pages that a key is for.
 *
 * @param origin of the page that calls; null where it is none
 * @throws Forbidden
 */
export function holdOrigin({ origins }: Grant, origin: string | null): void {
  if (origins.length === 0 || (origin !== null && origins.includes(origin))) return;
  throw new Forbidden('The key is for the pages of other origins.');
}

function hasOne(scopes: readonly Scope[], grant: Grant): boolean {
  for (const scope of scopes) if (grant.scopes.has(scope)) return true;
  return false;
}

/**
 * Holds a call to the prefix of a key, by a name that it touches.
 *
 * @throws Forbidden
 */
export function holdName(grant: Grant, name: string): void {
  if (coversName(grant, name)) return;
  throw new Forbidden('The key does not allow this name: its names begin with another prefix.');
}

/**
 * The prefix to look up for whom asks for all names that begin with `asked`.
 *
 * @throws Forbidden where the key allows none of them
 */
export function prefixWithin(grant: Grant, asked: string): string {
  const prefix = narrowed(grant, asked);
  if (prefix !== null) return prefix;
  throw new Forbidden('The key does not allow this prefix: its names begin with another one.');
}
