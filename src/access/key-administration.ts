import { faultOfPrefix } from '../domain/operands.js';
import { type Scope, SCOPES } from '../domain/scope.js';
import type { ApiKey, ApiKeys } from '../store/api-keys.js';
import { digestOf, newApiKey, newKeyId } from './api-key.js';
import { AccessError } from './errors.js';
import type { Action } from './traces.js';

/** After a rotation, time to bring the new key to wherever the old one is. */
export const DEFAULT_OVERLAP_MS = 86_400_000;

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
}

/** Longer ones do not fit into a table that people read. */
const MAX_LABEL_LENGTH = 100;

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;

/** There cannot be such a key; the message says why. */
export class UnfitKey extends AccessError {}

/** A key that was just made: the only moment at which it can be seen. */
export interface MadeKey {
  readonly id: string;
  /** `ec_<id>_<secret>` */
  readonly key: string;
}

/** Makes, lists, rotates and revokes keys. Takes effect on every instance within seconds. */
export class KeyAdministration {
  /** @param leave where a trace of each action goes; the operator's command tells its operator, and leaves none */
  constructor(
    private readonly keys: ApiKeys,
    private readonly leave: (action: Action, keyId: string) => void = () => undefined,
  ) {}

  /**
   * @throws UnfitKey
   * @throws StoreFailure
   */
  async create(wish: KeyWish): Promise<MadeKey> {
    const fault = faultOf(wish, wish.expiresAt === null ? 0 : await this.nowMs());
    if (fault !== null) throw new UnfitKey(fault);
    const made = make();
    await this.keys.add(rowOf(made, wish));
    this.leave('key made', made.id);
    return made;
  }

  /**
   * The clock by which keys expire: milliseconds since 1970.
   *
   * @throws StoreFailure
   */
  async nowMs(): Promise<number> {
    return this.keys.nowMs();
  }

  /**
   * The very first key of a deployment, which may do everything.
   *
   * @returns null where there is, or ever was, a key
   * @throws StoreFailure
   */
  async createFirst(): Promise<MadeKey | null> {
    const made = make();
    const wish = { label: 'first', scopes: SCOPES, prefix: '', expiresAt: null };
    if (!(await this.keys.addFirst(rowOf(made, wish)))) return null;
    this.leave('key made', made.id);
    return made;
  }

  /**
   * Every key, also those that are revoked or expired, oldest first.
   *
   * @throws StoreFailure
   */
  async list(): Promise<ApiKey[]> {
    return this.keys.list();
  }

  /**
   * Gives a key a new secret. Its id stays, and with it the idempotency keys it has used; the old secret stays good for
   * `overlapMs`; with 0 it ends at once, on every instance within seconds.
   *
   * @returns null where there is no key with this id, or it is revoked
   * @throws StoreFailure
   */
  async rotate(id: string, overlapMs: number = DEFAULT_OVERLAP_MS): Promise<MadeKey | null> {
    const key = newApiKey(id);
    if ((await this.keys.rotate(id, digestOf(key), overlapMs)) === null) return null;
    this.leave('key rotated', id);
    return { id, key };
  }

  /**
   * Ends a key for good, and the sessions begun with it.
   *
   * @returns the key; null where there is none with this id
   * @throws StoreFailure
   */
  async revoke(id: string): Promise<ApiKey | null> {
    const key = await this.keys.revoke(id);
    if (key !== null) this.leave('key revoked', id);
    return key;
  }
}

function faultOf({ label, scopes, prefix, expiresAt }: KeyWish, nowMs: number): string | null {
  if (label === '' || label.length > MAX_LABEL_LENGTH || CONTROL_OR_LONE_SURROGATE.test(label)) {
    return `The label must be 1 to ${MAX_LABEL_LENGTH} characters, without control characters.`;
  }
  if (scopes.length === 0) return `A key needs a scope: ${SCOPES.join(', ')}.`;
  const fault = faultOfPrefix(prefix);
  if (fault !== null) return `The prefix ${fault}.`;
  return expiresAt !== null && !(expiresAt.getTime() > nowMs) ? 'The key would have expired already.' : null;
}

function make(): MadeKey {
  const id = newKeyId();
  return { id, key: newApiKey(id) };
}

function rowOf({ id, key }: MadeKey, { label, scopes, prefix, expiresAt, maxNames = null }: KeyWish) {
  return { id, label, scopes, prefix, digest: digestOf(key), expiresAt: expiresAt?.toISOString() ?? null, maxNames };
}
