import type pg from 'pg';
import type { Scope } from '../domain/scope.js';
import type { Actor, DeedKind } from '../domain/deed.js';
import { LOCKS } from './advisory-locks.js';
import { writeDeeds } from './audit-log.js';
import { withClient, withReader } from './clients.js';
import { inTransaction } from './transaction.js';
import { utc } from './utc.js';

/** What is known of a key; the key itself is not. Times are RFC 3339, UTC. */
export interface ApiKey {
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Names must begin with it; '' allows every name. */
  readonly prefix: string;
  /** SHA-256 of the whole key. */
  readonly digest: Buffer;
  /** That of the key before the last rotation, and until when it is good. */
  readonly previousDigest: Buffer | null;
  readonly previousExpiresAt: string | null;
  readonly createdAt: string;
  readonly rotatedAt: string | null;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  /** Of pages that may call with it, such as `https://example.org`; none: whoever has it. */
  readonly origins: readonly string[];
  /** Requests; null: what the configuration says. */
  readonly perSecond: number | null;
  /** Names that it may bring into being; null: what the configuration says. */
  readonly maxNames: number | null;
  /** Names that it has brought into being, those that were deleted since counted too. */
  readonly namesCreated: number;
}

/** A key to be stored. */
export type NewApiKey = Pick<
  ApiKey,
  'id' | 'label' | 'scopes' | 'prefix' | 'digest' | 'expiresAt' | 'maxNames' | 'origins' | 'perSecond'
>;

/** What of a key can be another than it was; what is undefined stays as it is. */
export type KeyChange = {
  readonly [Part in 'label' | 'origins' | 'perSecond' | 'maxNames' | 'expiresAt']?: ApiKey[Part] | undefined;
};

const COLUMNS = `id, label, scopes, prefix, digest, previous_digest AS "previousDigest",
  ${utc('previous_expires_at')} AS "previousExpiresAt", ${utc('created_at')} AS "createdAt",
  ${utc('rotated_at')} AS "rotatedAt", ${utc('expires_at')} AS "expiresAt", ${utc('revoked_at')} AS "revokedAt",
  ${utc('last_used_at')} AS "lastUsedAt",
  origins, per_second AS "perSecond", max_names::float8 AS "maxNames",
  (SELECT coalesce(sum(names), 0) FROM names_created WHERE key_id = api_keys.id)::float8 AS "namesCreated"`;

const INSERT = `
  INSERT INTO api_keys (id, label, scopes, prefix, digest, expires_at, max_names, origins, per_second)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`;

const valuesOf = (key: NewApiKey) => [
  key.id,
  key.label,
  key.scopes,
  key.prefix,
  key.digest,
  key.expiresAt,
  key.maxNames,
  key.origins,
  key.perSecond,
];

/** The keys, by their ids. */
export class ApiKeys {
  constructor(private readonly pool: pg.Pool) {}

  /** The keys with these ids, in no order; those that are not there are left out. */
  async find(ids: readonly string[]): Promise<ApiKey[]> {
    return withReader(this.pool, async (client) => {
      const text = `SELECT ${COLUMNS} FROM api_keys WHERE id = ANY($1::text[])`;
      return (await client.query<ApiKey>(text, [ids])).rows;
    });
  }

  /** Every key, also those that are revoked or expired, oldest first. */
  async list(): Promise<ApiKey[]> {
    return this.rows(`SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`, []);
  }

  /** The database's clock, by which keys expire: milliseconds since 1970. */
  async nowMs(): Promise<number> {
    return withClient(this.pool, async (client) => {
      const { rows } = await client.query<{ ms: number }>(
        'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
      );
      const [now] = rows;
      if (now === undefined) throw new Error('a clock has one time');
      return now.ms;
    });
  }

  /**
   * Up to `limit` keys, oldest first, also those that are revoked or expired.
   *
   * @param after the id of the last key of the page before; null: the first page
   * @throws StoreFailure
   */
  async page(after: string | null, limit: number): Promise<ApiKey[]> {
    return this.rows(
      `SELECT ${COLUMNS} FROM api_keys
       WHERE $1::text IS NULL OR (created_at, id) > (SELECT created_at, id FROM api_keys WHERE id = $1)
       ORDER BY created_at, id LIMIT $2`,
      [after, limit],
    );
  }

  /**
   * All origins of pages that may call with some key that is good now.
   *
   * @throws StoreFailure
   */
  async origins(): Promise<string[]> {
    return withClient(this.pool, async (client) => {
      const { rows } = await client.query<{ origin: string }>(
        `SELECT DISTINCT unnest(origins) AS origin FROM api_keys
         WHERE revoked_at IS NULL AND coalesce(expires_at, 'infinity') > now()`,
      );
      return rows.map(({ origin }) => origin);
    });
  }

  /**
   * @returns the key as it is stored
   * @throws StoreFailure `conflict` for an id that is taken
   */
  async add(key: NewApiKey, by: Actor): Promise<ApiKey> {
    const added = await this.writtenDown('key.make', key.id, by, { text: INSERT, values: valuesOf(key) });
    if (added === null) throw new Error('what was inserted is returned');
    return added;
  }

  /**
   * @returns the key as it is now; null where there is none, or it is revoked
   * @throws StoreFailure
   */
  async change(id: string, change: KeyChange, by: Actor): Promise<ApiKey | null> {
    const { label, origins, perSecond, maxNames, expiresAt } = change;
    return this.writtenDown('key.change', id, by, {
      text: `UPDATE api_keys SET label = coalesce($2, label), origins = coalesce($3::text[], origins),
              per_second = CASE WHEN $4 THEN $5 ELSE per_second END,
              max_names = CASE WHEN $6 THEN $7 ELSE max_names END,
              expires_at = CASE WHEN $8 THEN $9::timestamptz ELSE expires_at END
       WHERE id = $1 AND revoked_at IS NULL RETURNING ${COLUMNS}`,
      values: [
        ...[id, label, origins],
        ...[perSecond, maxNames, expiresAt].flatMap((part) => [part !== undefined, part ?? null]),
      ],
    });
  }

  /**
   * Stores a key if there has never been one. Of many instances that start at once, one does.
   *
   * @returns whether it did
   */
  async addFirst(key: NewApiKey, by: Actor): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.firstKey]);
      const { rowCount } = await client.query('SELECT FROM api_keys LIMIT 1');
      if (rowCount !== 0) return false;
      const { rows } = await client.query<ApiKey>(INSERT, valuesOf(key));
      await writeDeeds(client, [{ action: 'key.make', by, subject: key.id, before: null, after: statedOf(rows[0]) }]);
      return true;
    });
  }

  /**
   * Gives a key another digest; the one it had stays good for `overlapMs`, 0 ends it at once; the one before no longer.
   *
   * @returns the key as it is now; null where there is none, or it is revoked
   */
  async rotate(id: string, digest: Buffer, overlapMs: number, by: Actor): Promise<ApiKey | null> {
    return this.writtenDown('key.rotate', id, by, {
      text: `UPDATE api_keys SET digest = $2, rotated_at = now(),
              previous_digest = CASE WHEN $3::float8 > 0 THEN digest END,
              previous_expires_at = CASE WHEN $3 > 0 THEN now() + make_interval(secs => $3 / 1000) END
       WHERE id = $1 AND revoked_at IS NULL RETURNING ${COLUMNS}`,
      values: [id, digest, overlapMs],
    });
  }

  /**
   * Ends a key for good, and its sessions with it. It stays in the list.
   *
   * @returns the key as it is now; null where there is none
   */
  async revoke(id: string, by: Actor): Promise<ApiKey | null> {
    return this.writtenDown('key.revoke', id, by, {
      text: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING ${COLUMNS}`,
      values: [id],
    });
  }

  /** Notes that keys were used just now; to the minute, so that a busy key costs a write a minute. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.rows(
      `UPDATE api_keys SET last_used_at = now()
       WHERE id = ANY($1::text[]) AND coalesce(last_used_at, '-infinity') < now() - interval '1 minute'`,
      [ids],
    );
  }

  /** Changes a key, and writes down who did it, or neither. */
  private async writtenDown(
    action: DeedKind,
    id: string,
    by: Actor,
    change: { readonly text: string; readonly values: unknown[] },
  ): Promise<ApiKey | null> {
    return inTransaction(this.pool, async (client) => {
      const [before] =
        action === 'key.make'
          ? []
          : (await client.query<ApiKey>(`SELECT ${COLUMNS} FROM api_keys WHERE id = $1 FOR UPDATE`, [id])).rows;
      const { rows } = await client.query<ApiKey>(change.text, change.values);
      const [key] = rows;
      if (key === undefined) return null;
      await writeDeeds(client, [{ action, by, subject: id, before: statedOf(before), after: statedOf(key) }]);
      return key;
    });
  }

  private async rows(text: string, values: unknown[]): Promise<ApiKey[]> {
    return withClient(this.pool, async (client) => (await client.query<ApiKey>(text, values)).rows);
  }
}

/** What is written down of a key: what it is, and no digest. */
function statedOf(key: ApiKey | undefined): object | null {
  if (key === undefined) return null;
  const { label, scopes, prefix, origins, perSecond, maxNames, expiresAt, revokedAt, rotatedAt } = key;
  return { label, scopes, prefix, origins, perSecond, maxNames, expiresAt, revokedAt, rotatedAt };
}
