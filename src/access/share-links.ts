import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { orUnavailable } from '../counters/or-unavailable.js';
import type { Actor } from '../domain/deed.js';
import { type Link, Links, type NewLink } from '../store/links.js';
import { newKeyId } from './api-key.js';
import { Unauthorized } from './errors.js';
import type { Grant } from './grant.js';

/** A link that was revoked shows nothing any more within this time, and that of a look. */
const BELIEVED_MS = 3_000;

/** While Postgres is away what was good goes on for as long as cached reads do. */
const BELIEVED_WITHOUT_POSTGRES_MS = 300_000;

/** Links that are remembered; beyond it those that were looked at first are forgotten. */
const MAX_REMEMBERED = 10_000;

const SECRET_BYTES = 32;

/** `el_<id>_<signature>` */
const TOKEN = /^el_([0-9a-z]{13})_([\w-]{43})$/;

/** A link, and what opens it. */
export interface SignedLink extends Link {
  /** Null where it is over. */
  readonly token: string | null;
}

interface Remembered {
  readonly grant: Grant | null;
  readonly atMs: number;
}

/**
 * Links that show one counter, or those of a prefix, to whoever has them, and do nothing else. They are signed by a
 * secret in Postgres, and nobody can make one without it; what they open is held to rules like what a key opens.
 */
@Injectable()
export class ShareLinks {
  private readonly remembered = new Map<string, Remembered>();
  private readonly looking = new Map<string, Promise<Grant>>();

  constructor(private readonly links: Links) {}

  /** What a link shows, without waiting; null where it must be looked at. */
  recall(token: string): Grant | null {
    const known = this.remembered.get(token);
    if (known === undefined || performance.now() - known.atMs > BELIEVED_MS) return null;
    return known.grant;
  }

  /**
   * What a link shows.
   *
   * @throws Unauthorized for one that is not good
   * @throws Unavailable where that cannot be learned
   */
  look(token: string): Promise<Grant> {
    const [, id] = TOKEN.exec(token) ?? [];
    if (id === undefined) return Promise.reject(new Unauthorized('This is no link of this service.'));
    // Readers of a page that many look at share a look.
    const running = this.looking.get(token);
    if (running !== undefined) return running;
    const looking = this.lookAt(token, id).finally(() => this.looking.delete(token));
    this.looking.set(token, looking);
    return looking;
  }

  /**
   * @throws StoreFailure
   */
  async make(wish: Omit<NewLink, 'id'>, by: Actor): Promise<SignedLink> {
    const { link, secret } = await this.links.add({ id: newKeyId(), ...wish }, randomBytes(SECRET_BYTES), by);
    return { ...link, token: tokenOf(link.id, secret) };
  }

  /**
   * Up to `limit` links, oldest first.
   *
   * @param after the id of the last link of the page before; null: the first page
   * @throws StoreFailure
   */
  async page(after: string | null, limit: number): Promise<SignedLink[]> {
    const { links, secret } = await this.links.page(after, limit);
    return links.map((link) => {
      const token = secret === null || link.revokedAt !== null ? null : tokenOf(link.id, secret);
      return { ...link, token };
    });
  }

  /**
   * Ends a link for good: here at once, on other instances within seconds.
   *
   * @returns whether there was one that was not over
   * @throws StoreFailure
   */
  async revoke(id: string, by: Actor): Promise<boolean> {
    const found = await this.links.revoke(id, by);
    this.remembered.clear();
    return found;
  }

  /**
   * Ends all links that there are, by another secret.
   *
   * @returns how many
   * @throws StoreFailure
   */
  async revokeAll(by: Actor): Promise<number> {
    const revoked = await this.links.revokeAll(randomBytes(SECRET_BYTES), by);
    this.remembered.clear();
    return revoked;
  }

  private async lookAt(token: string, id: string): Promise<Grant> {
    const atMs = performance.now();
    try {
      const presented = await orUnavailable(() => this.links.present(id));
      const isSigned = presented !== null && isSame(token, tokenOf(id, presented.secret));
      const grant = isSigned && presented.link !== null ? grantOf(presented.link) : null;
      if (grant === null) {
        this.remembered.delete(token);
        throw new Unauthorized('The link is no longer good, or never was.');
      }
      if (this.remembered.size >= MAX_REMEMBERED) this.forgetFirst();
      this.remembered.set(token, { grant, atMs });
      return grant;
    } catch (error) {
      const known = this.remembered.get(token);
      const isGood = known?.grant != null && atMs - known.atMs < BELIEVED_WITHOUT_POSTGRES_MS;
      if (error instanceof Unauthorized || !isGood) throw error;
      return known.grant;
    }
  }

  private forgetFirst(): void {
    const [first] = this.remembered.keys();
    if (first !== undefined) this.remembered.delete(first);
  }
}

function tokenOf(id: string, secret: Buffer): string {
  return `el_${id}_${createHmac('sha256', secret).update(id).digest('base64url')}`;
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Before the id of a link, where that of a key could stand: no id of a key holds a space. */
const OF_LINK = 'link ';

/** Whether it was a link that let somebody in. */
export function isOfLink({ keyId }: Grant): boolean {
  return keyId.startsWith(OF_LINK);
}

function grantOf({ id, name, prefix }: Link): Grant {
  return {
    keyId: `${OF_LINK}${id}`,
    scopes: new Set(['read'] as const),
    prefix: name ?? prefix ?? '',
    isOneName: name !== null,
    origins: [],
    pace: null,
    creator: null,
  };
}
