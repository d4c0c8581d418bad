import { type Actor, THE_SERVICE } from '../domain/deed.js';
import { SCOPES } from '../domain/scope.js';
import { DAY_MS } from '../domain/time.js';
import type { ApiKey, ApiKeys, NewApiKey } from '../store/api-keys.js';
import { digestOf, newApiKey, newKeyId } from './api-key.js';
import { type ChangeWish, type KeyWish, refuseUnfit, refuseUnfitChange } from './key-wish.js';
import type { Action } from './action-log.js';

/** After a rotation, time to bring the new key to wherever the old one is. */
export const DEFAULT_OVERLAP_MS = DAY_MS;

/** A year: what is to be good for longer is a key of its own. */
export const MAX_OVERLAP_MS = 365 * DAY_MS;

/** A key that was just made: the only moment at which it can be seen. */
export interface MadeKey {
  readonly id: string;
  /** As it is stored. */
  readonly stored: ApiKey;
  /** `ec_<id>_<secret>` */
  readonly key: string;
}

export type FirstKey = Pick<MadeKey, 'id' | 'key'>;

/**
 * Makes, lists, changes, rotates and revokes keys, and has written down who did. Takes effect on every instance within
 * seconds.
 */
export class KeyAdministration {
  /** @param log where each action is logged; the operator's command tells its operator, and logs nothing */
  constructor(
    private readonly keys: ApiKeys,
    private readonly log: (action: Action, keyId: string) => void = () => undefined,
  ) {}

  /**
   * @throws UnfitKey
   * @throws StoreFailure
   */
  async create(wish: KeyWish, by: Actor = THE_SERVICE): Promise<MadeKey> {
    refuseUnfit(wish, await this.nowFor(wish));
    const { id, key } = make();
    const stored = await this.keys.add(rowOf(id, key, wish), by);
    this.log('key made', id);
    return { id, key, stored };
  }

  /**
   * Changes what a key is, but for what it may do to which names: for that there is a new key.
   *
   * @returns the key as it is now; null where there is none with this id, or it is revoked
   * @throws UnfitKey
   * @throws StoreFailure
   */
  async change(id: string, wish: ChangeWish, by: Actor = THE_SERVICE): Promise<ApiKey | null> {
    refuseUnfitChange(wish, await this.nowFor(wish));
    const key = await this.keys.change(id, { ...wish, expiresAt: isoOf(wish.expiresAt) }, by);
    if (key !== null) this.log('key changed', id);
    return key;
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
  async createFirst(): Promise<FirstKey | null> {
    const made = make();
    const wish = { label: 'first', scopes: SCOPES, prefix: '', expiresAt: null };
    if (!(await this.keys.addFirst(rowOf(made.id, made.key, wish), THE_SERVICE))) return null;
    this.log('key made', made.id);
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
   * A key, also one that is revoked or expired.
   *
   * @returns null where there is none with this id
   * @throws StoreFailure
   */
  async find(id: string): Promise<ApiKey | null> {
    const [key] = await this.keys.find([id]);
    return key ?? null;
  }

  /**
   * Up to `limit` keys, oldest first.
   *
   * @param after the id of the last key of the page before; null: the first page
   * @throws StoreFailure
   */
  async page(after: string | null, limit: number): Promise<ApiKey[]> {
    return this.keys.page(after, limit);
  }

  /**
   * Gives a key a new secret. Its id stays, and with it the idempotency keys it has used; the old secret stays good for
   * `overlapMs`; with 0 it ends at once, on every instance within seconds.
   *
   * @returns null where there is no key with this id, or it is revoked
   * @throws StoreFailure
   */
  async rotate(id: string, overlapMs: number = DEFAULT_OVERLAP_MS, by: Actor = THE_SERVICE): Promise<MadeKey | null> {
    const key = newApiKey(id);
    const stored = await this.keys.rotate(id, digestOf(key), overlapMs, by);
    if (stored === null) return null;
    this.log('key rotated', id);
    return { id, key, stored };
  }

  /**
   * Ends a key for good, and the sessions begun with it.
   *
   * @returns the key; null where there is none with this id
   * @throws StoreFailure
   */
  async revoke(id: string, by: Actor = THE_SERVICE): Promise<ApiKey | null> {
    const key = await this.keys.revoke(id, by);
    if (key !== null) this.log('key revoked', id);
    return key;
  }

  private async nowFor({ expiresAt }: Pick<ChangeWish, 'expiresAt'>): Promise<number> {
    return expiresAt instanceof Date ? this.nowMs() : 0;
  }
}

function make(): FirstKey {
  const id = newKeyId();
  return { id, key: newApiKey(id) };
}

function rowOf(id: string, key: string, wish: KeyWish): NewApiKey {
  const { label, scopes, prefix, expiresAt, maxNames = null, origins = [], perSecond = null } = wish;
  return {
    ...{ id, label, scopes, prefix, maxNames, origins, perSecond },
    digest: digestOf(key),
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}

function isoOf(date: Date | null | undefined): string | null | undefined {
  return date instanceof Date ? date.toISOString() : date;
}
