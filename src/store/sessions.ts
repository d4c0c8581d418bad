import type pg from 'pg';
import { withClient } from './failure.js';
import { utc } from './utc.js';

/** What a browser that signed in stands for. */
export interface Session {
  /** SHA-256 of what the browser holds. */
  readonly digest: Buffer;
  /** The key it was begun with, and the digest of it that was presented. */
  readonly keyId: string;
  readonly keyDigest: Buffer;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

/** Old sessions removed along with each new one: more than one, so that they cannot pile up. */
const REMOVED_WITH_EACH = 100;

/** The sessions, by their digests. */
export class Sessions {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Those of the sessions that have not expired, in no order.
   *
   * @throws StoreFailure
   */
  async find(digests: readonly Buffer[]): Promise<Session[]> {
    return this.rows(
      `SELECT digest, key_id AS "keyId", key_digest AS "keyDigest", ${utc('expires_at')} AS "expiresAt"
       FROM sessions WHERE digest = ANY($1::bytea[]) AND expires_at > now()`,
      [digests],
    );
  }

  /**
   * Stores a session that lasts for `lifeMs`.
   *
   * @throws StoreFailure
   */
  async add({ digest, keyId, keyDigest }: Omit<Session, 'expiresAt'>, lifeMs: number): Promise<void> {
    await this.rows(
      `INSERT INTO sessions (digest, key_id, key_digest, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4::float8 / 1000))`,
      [digest, keyId, keyDigest, lifeMs],
    );
    await this.rows(
      `DELETE FROM sessions WHERE digest = ANY (ARRAY(
         SELECT digest FROM sessions WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [REMOVED_WITH_EACH],
    );
  }

  /** @throws StoreFailure */
  async remove(digest: Buffer): Promise<void> {
    await this.rows('DELETE FROM sessions WHERE digest = $1', [digest]);
  }

  private async rows(text: string, values: unknown[]): Promise<Session[]> {
    return withClient(this.pool, async (client) => (await client.query<Session>(text, values)).rows);
  }
}
