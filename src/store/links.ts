import type pg from 'pg';
import type { Actor } from '../domain/deed.js';
import { writeDeeds } from './audit-log.js';
import { withClient } from './clients.js';
import { inTransaction } from './transaction.js';
import { utc } from './utc.js';

/** What a link shows, and until when. Times are RFC 3339, UTC. */
export interface Link {
  readonly id: string;
  /** For people. */
  readonly label: string;
  /** One counter, or null: those whose names begin with the prefix. */
  readonly name: string | null;
  readonly prefix: string | null;
  readonly createdAt: string;
  /** Null: never. */
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export type NewLink = Pick<Link, 'id' | 'label' | 'name' | 'prefix' | 'expiresAt'>;

/** What there is to know of a link that is presented. */
export interface Presented {
  readonly secret: Buffer;
  /** Null: there is none, or it is over by the database's clock. */
  readonly link: Link | null;
}

const COLUMNS = `id, label, name, prefix, ${utc('created_at')} AS "createdAt", ${utc('expires_at')} AS "expiresAt",
  ${utc('revoked_at')} AS "revokedAt"`;

/** The links, by their ids, and the secret by which they are signed. */
export class Links {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * @param secret for the case that there is none yet
   * @returns the link as it is stored, and the secret that counts
   * @throws StoreFailure
   */
  async add(link: NewLink, secret: Buffer, by: Actor): Promise<{ link: Link; secret: Buffer }> {
    return inTransaction(this.pool, async (client) => {
      await client.query('INSERT INTO link_secret (secret) VALUES ($1) ON CONFLICT DO NOTHING', [secret]);
      const { rows } = await client.query<Link>(
        `INSERT INTO links (id, label, name, prefix, expires_at) VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
        [link.id, link.label, link.name, link.prefix, link.expiresAt],
      );
      const secrets = await client.query<{ secret: Buffer }>('SELECT secret FROM link_secret');
      const [made, counts] = [rows[0], secrets.rows[0]];
      if (made === undefined || counts === undefined) throw new Error('what was inserted is there');
      const { label, name, prefix, expiresAt } = made;
      const after = { label, name, prefix, expiresAt };
      await writeDeeds(client, [{ action: 'link.make', by, subject: made.id, before: null, after }]);
      return { link: made, secret: counts.secret };
    });
  }

  /**
   * @returns null where no link was ever made
   * @throws StoreFailure
   */
  async present(id: string): Promise<Presented | null> {
    return withClient(this.pool, async (client) => {
      const { rows } = await client.query<{ secret: Buffer; link: Link | null }>(
        `SELECT secret, (
           SELECT json_build_object('id', id, 'label', label, 'name', name, 'prefix', prefix, 'createdAt', ${utc('created_at')},
                                    'expiresAt', ${utc('expires_at')}, 'revokedAt', ${utc('revoked_at')})
           FROM links
           WHERE id = $1 AND revoked_at IS NULL AND coalesce(expires_at, 'infinity') > clock_timestamp()
         ) AS link FROM link_secret`,
        [id],
      );
      return rows[0] ?? null;
    });
  }

  /**
   * Up to `limit` links, oldest first, also those that are over, and the secret by which they are signed; null: there
   * was never one.
   *
   * @param after the id of the last link of the page before; null: the first page
   * @throws StoreFailure
   */
  async page(after: string | null, limit: number): Promise<{ links: Link[]; secret: Buffer | null }> {
    return withClient(this.pool, async (client) => {
      const { rows } = await client.query<Link>(
        `SELECT ${COLUMNS} FROM links
         WHERE $1::text IS NULL OR (created_at, id) > (SELECT created_at, id FROM links WHERE id = $1)
         ORDER BY created_at, id LIMIT $2`,
        [after, limit],
      );
      const secrets = await client.query<{ secret: Buffer }>('SELECT secret FROM link_secret');
      return { links: rows, secret: secrets.rows[0]?.secret ?? null };
    });
  }

  /**
   * Ends a link for good.
   *
   * @returns whether there was one that was not over
   * @throws StoreFailure
   */
  async revoke(id: string, by: Actor): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<Link>(
        `UPDATE links SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING ${COLUMNS}`,
        [id],
      );
      const [link] = rows;
      if (link === undefined) return false;
      const { label, name, prefix, expiresAt } = link;
      const before = { label, name, prefix, expiresAt };
      await writeDeeds(client, [{ action: 'link.revoke', by, subject: id, before, after: null }]);
      return true;
    });
  }

  /**
   * Signs by another secret from now on, and so ends all links that there are.
   *
   * @returns how many that were
   * @throws StoreFailure
   */
  async revokeAll(secret: Buffer, by: Actor): Promise<number> {
    return inTransaction(this.pool, async (client) => {
      await client.query(
        `INSERT INTO link_secret (secret) VALUES ($1)
         ON CONFLICT (only_one) DO UPDATE SET secret = excluded.secret, rotated_at = now()`,
        [secret],
      );
      const { rowCount } = await client.query('UPDATE links SET revoked_at = now() WHERE revoked_at IS NULL');
      const revoked = rowCount ?? 0;
      await writeDeeds(client, [{ action: 'links.revoke', by, subject: null, before: null, after: { revoked } }]);
      return revoked;
    });
  }
}
