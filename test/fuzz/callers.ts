/** Who sends the requests, where keys are asked for, and what nobody but the right one may get. */
import type { KeyAdministration } from '../../src/access/key-administration.js';
import type { Scope } from '../../src/domain/scope.js';
import type { FuzzRequest } from './requests.js';

export interface Caller {
  /** Null: none is brought, or what the request itself brings. */
  readonly key: string | null;
  /** All; all that begins with `OWN_PREFIX`; reading alone; or nothing. */
  readonly may: 'everything' | 'own' | 'read' | 'nothing';
}

/** The counters of the model lie below it, and nothing else does. */
const OWN_PREFIX = 'model/';

/** Where no key is asked for. */
export const ANYBODY: Caller = { key: null, may: 'everything' };

/** One of each kind, whoever may do everything first. */
export async function callersWith(adminKey: string, keys: KeyAdministration): Promise<[Caller, ...Caller[]]> {
  const keyFor = async (scopes: readonly Scope[], prefix: string): Promise<string> =>
    (await keys.create({ label: 'fuzzed', scopes, prefix, expiresAt: null })).key;
  return [
    { key: adminKey, may: 'everything' },
    { key: await keyFor(['read', 'write', 'admin'], OWN_PREFIX), may: 'own' },
    { key: await keyFor(['read'], ''), may: 'read' },
    { key: null, may: 'nothing' },
  ];
}

/** What needs no key: probes, pages, documentation, and the way in. */
const OPEN = /^\/+(\?|$|livez|readyz|openapi\.json|docs|dashboard|assets|problems\/|v1\/session)/;

/** A POST that changes nothing. */
const READING = /^\/v1\/(reads|session)(\?|$)/;

const NAME = /"name":"((?:[^"\\]|\\.)*)"/g;

/** Whether the caller may add to counters of the model. */
export function mayAdd({ may }: Caller): boolean {
  return may === 'everything' || may === 'own';
}

/** The request as this caller sends it. */
export function asSentBy({ key }: Caller, request: FuzzRequest): FuzzRequest {
  return key === null ? request : { ...request, headers: { ...request.headers, authorization: `Bearer ${key}` } };
}

/** What this caller got and must not get, or null. */
export function trespassOf(
  { may }: Caller,
  { method, path }: FuzzRequest,
  status: number,
  body: string,
): string | null {
  if (status >= 300 || method === 'OPTIONS') return null;
  const open = OPEN.test(path);
  switch (may) {
    case 'everything':
      return null;
    case 'nothing':
      return open ? null : 'it was let in without a key';
    case 'read':
      if (open || method === 'GET' || method === 'HEAD' || READING.test(path)) return null;
      return 'it wrote with a key that may read alone';
    case 'own': {
      if (open) return null;
      const seen = [...body.matchAll(NAME)].map(([, name]) => JSON.parse(`"${name ?? ''}"`) as string);
      return seen.every((name) => name.startsWith(OWN_PREFIX)) ? null : 'it saw what has another prefix';
    }
  }
}
