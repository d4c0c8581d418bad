import { EvercountError, NotFound } from './errors.js';
import type { Evercount } from './evercount.js';
import { queryOf, type CallOptions } from './options.js';
import { untilDecided } from './retry.js';
import { membersOf, type Answer, type Request, type Tried } from './transport.js';

// `evercount-client/keys`.

/** What a key may do: `increment` adds and does nothing else; none implies another. */
export type Scope = 'increment' | 'read' | 'write' | 'admin';

/** A key as the service shows it; the key itself is not kept. Moments are RFC 3339, UTC, milliseconds. */
export interface Key {
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Names must begin with it; empty allows every name. */
  readonly prefix: string;
  /** Of pages that alone may call with it, as browsers send them; none: whoever has it. */
  readonly origins: readonly string[];
  /** Requests, ten seconds of them at once; null: as much as any key. */
  readonly perSecond: number | null;
  /** Names that it may bring into being; null: what the service is set to. */
  readonly maxNames: number | null;
  /** Names that it has brought into being, deleted ones counted too. */
  readonly namesCreated: number;
  readonly createdAt: string;
  readonly rotatedAt: string | null;
  /** Until when the secret before the last is good. */
  readonly previousExpiresAt: string | null;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
}

/** A key just made or given a new secret: the one moment at which it can be seen. */
export interface KeyWithSecret extends Key {
  /** The key itself, for `apiKey`. */
  readonly secret: string;
}

/** What of a key can be changed; what is left out stays. */
export interface KeyChange {
  readonly label?: string;
  readonly origins?: readonly string[];
  readonly perSecond?: number | null;
  readonly maxNames?: number | null;
  /** Null: never. */
  readonly expiresAt?: Date | string | null;
}

/** What a key is to be. */
export interface NewKey extends KeyChange {
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly prefix?: string;
}

export interface ListKeysOptions extends CallOptions {
  /** Keys per call, 1 to 1000. Default 100. */
  readonly pageSize?: number;
}

export interface RotateOptions extends CallOptions {
  /** For so long the old secret stays good, milliseconds, up to a year; 0 ends it at once. Default: a day. */
  readonly overlapMs?: number;
}

/**
 * The keys that calls are made with, by a client whose own key has the scope `admin`.
 *
 * They take effect on every instance within seconds. Every method rejects with an EvercountError only.
 */
export class Keys {
  constructor(private readonly client: Evercount) {}

  /**
   * Makes a key. It is sent again only where it surely made none.
   *
   * @throws EvercountError with the code `outcome_unknown` where there may be a key now whose secret nobody has seen:
   *   it is in the list, by its label
   */
  async create(wish: NewKey, { signal }: CallOptions = {}): Promise<KeyWithSecret> {
    return this.once({ method: 'POST', path: '/v1/keys', body: wish, result: withSecretOf }, signal);
  }

  /** All keys, revoked and expired ones too, oldest first, fetched page by page; not a snapshot. */
  async *list({ pageSize, signal }: ListKeysOptions = {}): AsyncGenerator<Key, void, undefined> {
    let cursor: string | undefined;
    do {
      const path = `/v1/keys${queryOf({ limit: pageSize, cursor })}`;
      const page = await this.call({ method: 'GET', path, result: pageOf }, signal);
      yield* page.data;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** A key, revoked and expired ones too. @throws NotFound */
  async get(id: string, { signal }: CallOptions = {}): Promise<Key> {
    return this.call({ method: 'GET', path: pathOf(id), result: keyOf }, signal);
  }

  /** Changes a key; what it may do to which names can only be said of a new one. @throws NotFound where it is revoked */
  async change(id: string, change: KeyChange, { signal }: CallOptions = {}): Promise<Key> {
    return this.call({ method: 'PATCH', path: pathOf(id), body: change, result: keyOf }, signal);
  }

  /**
   * Gives a key a new secret; its id stays, and with it its idempotency keys and its quota. It is sent again only where
   * it surely changed nothing: twice would end the secret that is in use.
   *
   * @throws NotFound where it is revoked
   * @throws EvercountError with the code `outcome_unknown` where it may have a new secret that nobody has seen: the old
   *   one is good for `overlapMs`
   */
  async rotate(id: string, { overlapMs, signal }: RotateOptions = {}): Promise<KeyWithSecret> {
    const request: Request<KeyWithSecret> = {
      method: 'POST',
      path: `${pathOf(id)}/rotate`,
      body: { overlapMs },
      result: withSecretOf,
    };
    return this.once(request, signal);
  }

  /** Ends a key for good, and the sessions begun with it; again is no fault. @throws NotFound */
  async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
    const result = ({ status }: Answer): true | null => (status === 204 ? true : null);
    await this.call({ method: 'DELETE', path: pathOf(id), result }, signal);
  }

  private call<T>(request: Request<T>, caller: CallOptions['signal']): Promise<T> {
    const { transport, times } = this.client;
    return untilDecided(times, null, caller, (signal) => transport.send(request, signal));
  }

  /** What must not be done twice, and has no idempotency key by which the service would know. */
  private once<T>(request: Request<T>, caller: CallOptions['signal']): Promise<T> {
    const { transport, times } = this.client;
    return untilDecided(times, null, caller, async (signal) => known(await transport.send(request, signal)));
  }
}

function known<T>(tried: Tried<T>): Tried<T> {
  if (tried.ok || tried.outcome !== 'unknown') return tried;
  const detail = `Whether there is a new key or secret is not known: ${tried.error.detail}`;
  const { status, requestId, retryAfterMs } = tried.error;
  const error = new EvercountError('outcome_unknown', detail, { status, requestId, retryAfterMs, cause: tried.error });
  return { ...tried, retry: false, error };
}

/** The path of one key; of what is no id it could be that of another call. @throws NotFound where it is none */
function pathOf(id: string): string {
  if (!/^\w+$/.test(id)) throw new NotFound('not_found', `"${id}" cannot be the id of a key`);
  return `/v1/keys/${id}`;
}

function keyOf({ body }: Answer): Key | null {
  return isKey(body) ? body : null;
}

function withSecretOf({ body }: Answer): KeyWithSecret | null {
  return isKey(body) && typeof membersOf(body).secret === 'string' ? (body as KeyWithSecret) : null;
}

function pageOf({ body }: Answer): { readonly data: readonly Key[]; readonly nextCursor: string | null } | null {
  const { data, nextCursor } = membersOf(body);
  if (!Array.isArray(data) || !data.every(isKey)) return null;
  return { data, nextCursor: typeof nextCursor === 'string' ? nextCursor : null };
}

function isKey(json: unknown): json is Key {
  const { id, scopes } = membersOf(json);
  return typeof id === 'string' && Array.isArray(scopes);
}
