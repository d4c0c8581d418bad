import { counterJson, isCounter, type Truth } from '../domain/counter.js';
import type { Identity } from './identity.js';

/** Entries and leases of this service; the name follows verbatim. */
export const KEY_PREFIX = 'ec:';

/** Where the version begins: after the kind, 24 characters of identity and a space. */
const VERSION_AT = 26;

const ENTRY = 'E';

/** A truth as the cache holds it. */
export interface Entry {
  readonly version: number;
  /** The counter's JSON; null: there is no counter at this version. */
  readonly json: string | null;
}

/** What the cache is to hold of a truth. */
export function entryOf(truth: Truth): Entry {
  return { version: truth.version, json: isCounter(truth) ? counterJson(truth) : null };
}

/** What stands behind the expiry in the JSON of a counter: two instants and their names, always as long. */
const BEHIND_EXPIRY = ',"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}'.length;
const INSTANT = '2026-01-01T00:00:00.000Z'.length;

/** When the counter of an entry ends by itself, RFC 3339; null: never, or there is none. Told without parsing it all. */
export function expiresAtOf({ json }: Entry): string | null {
  if (json?.[json.length - BEHIND_EXPIRY - 1] !== '"') return null;
  return json.slice(-BEHIND_EXPIRY - 1 - INSTANT, -BEHIND_EXPIRY - 1);
}

/** The entry in a value, if it is one and belongs to this identity. */
export function decodeEntry(value: string, { digest }: Pick<Identity, 'digest'>): Entry | null {
  if (!value.startsWith(ENTRY) || !value.startsWith(digest, 1)) return null;
  const versionEnd = value.indexOf(' ', VERSION_AT);
  return {
    version: Number(value.slice(VERSION_AT, versionEnd)),
    json: versionEnd + 1 === value.length ? null : value.slice(versionEnd + 1),
  };
}
