import type pg from 'pg';
import type { Actor, Deed } from '../domain/deed.js';
import { deedArrays, insertDeeds } from './audit-log.js';
import { withClient } from './clients.js';
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

/** A session to be kept, or one that is ended, and by whom. */
export interface SessionDeed<S> {
  readonly session: S;
  readonly by: Actor;
}

/** Old sessions removed along with each new one: more than one, so that they cannot pile up. */
const REMOVED_WITH_EACH = 100;

/** The sessions, by their digests. */
export class Sessions {
  constructor(private readonly pool: pg.Pool) {}

  /** Those of the sessions that have not expired, in no order. */
  async find(digests: readonly Buffer[]): Promise<Session[]> {
    return this.rows(
      `SELECT digest, key_id AS "keyId", key_digest AS "keyDigest", ${utc('expires_at')} AS "expiresAt"
       FROM sessions WHERE digest = ANY($1::bytea[]) AND expires_at > now()`,
      [digests],
    );
  }

  /**
   * Stores sessions that last for `lifeMs`, and writes down who began them. Of each key the `kept` that last longest stay,
   * the others end.
   */
  async add(begun: readonly SessionDeed<Omit<Session, 'expiresAt'>>[], lifeMs: number, kept: number): Promise<void> {
    const sessions = begun.map(({ session }) => session);
    const keyIds = sessions.map(({ keyId }) => keyId);
    await this.rows(
      `WITH added AS (
         INSERT INTO sessions (digest, key_id, key_digest, expires_at)
         SELECT digest, key_id, key_digest, now() + make_interval(secs => $4::float8 / 1000)
         FROM unnest($1::bytea[], $2::text[], $3::bytea[]) AS new (digest, key_id, key_digest)
       )
       ${insertDeeds(5)}`,
      [
        ...[sessions.map(({ digest }) => digest), keyIds, sessions.map(({ keyDigest }) => keyDigest), lifeMs],
        ...deedArrays(begun.map(({ session, by }) => deedOf('session.begin', session.keyId, by))),
      ],
    );
    await this.rows(
      `DELETE FROM sessions WHERE digest = ANY (ARRAY(
         SELECT digest FROM sessions WHERE digest IN (
           SELECT digest FROM (
             SELECT digest, row_number() OVER (PARTITION BY key_id ORDER BY expires_at DESC, digest) AS nth
             FROM sessions WHERE key_id = ANY($1::text[])) AS of_key
           WHERE nth > $2) FOR UPDATE SKIP LOCKED))`,
      [keyIds, kept],
    );
    await this.rows(
      `DELETE FROM sessions WHERE digest = ANY (ARRAY(
         SELECT digest FROM sessions WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [REMOVED_WITH_EACH],
    );
  }

  /** Ends sessions, and writes down who did. */
  async remove(ended: readonly SessionDeed<Pick<Session, 'digest' | 'keyId'>>[]): Promise<void> {
    await this.rows(
      `WITH gone AS (DELETE FROM sessions WHERE digest = ANY($1::bytea[]))
       ${insertDeeds(2)}`,
      [
        ended.map(({ session }) => session.digest),
        ...deedArrays(ended.map(({ session, by }) => deedOf('session.end', session.keyId, by))),
      ],
    );
  }

  private async rows(text: string, values: unknown[]): Promise<Session[]> {
    return withClient(this.pool, async (client) => (await client.query<Session>(text, values)).rows);
  }
}

function deedOf(action: 'session.begin' | 'session.end', keyId: string, by: Actor): Deed {
  return { action, by, subject: keyId, before: null, after: null };
}
