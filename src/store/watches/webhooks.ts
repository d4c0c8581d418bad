import type pg from 'pg';
import { LOCKS } from '../advisory-locks.js';
import { withClient } from '../clients.js';
import { inTransaction } from '../transaction.js';
import { GIVE_UP_HOURS } from './watch-writes.js';

/** Where messages go, as it is told. */
export interface Webhook {
  readonly id: string;
  readonly label: string;
  readonly url: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Until when messages are signed with the secret before as well; null: they are not. */
  readonly previousExpiresAt: string | null;
  /** Null: it is not. */
  readonly disabledAt: string | null;
  readonly disabledWhy: string | null;
}

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A message to a webhook and what became of it. */
export interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly createdAt: string;
  /** When it is sent next; null: it is not. */
  readonly nextAt: string | null;
  readonly attempts: number;
  readonly lastAt: string | null;
  /** Of the last try; null: nobody answered. */
  readonly lastStatus: number | null;
  readonly lastFault: string | null;
  readonly lastMs: number | null;
  /** As it was, or will be, sent. */
  readonly body: string;
}

/** What somebody says of a webhook; what is left out stays. */
export interface WebhookChange {
  readonly label?: string | undefined;
  readonly url?: string | undefined;
  /** Whether it is told nothing. */
  readonly disabled?: boolean | undefined;
}

const COLUMNS = `id, label, url, created_at AS "createdAt", updated_at AS "updatedAt", disabled_at AS "disabledAt",
  disabled_why AS "disabledWhy",
  CASE WHEN previous_expires_at > now() THEN previous_expires_at END AS "previousExpiresAt"`;

const DELIVERY = `id, type, state, created_at AS "createdAt", CASE WHEN state = 'waiting' THEN due_at END AS "nextAt",
  attempts, last_at AS "lastAt", last_status AS "lastStatus", last_fault AS "lastFault", last_ms AS "lastMs", body`;

/** Where messages go, and the log of what was sent. */
export class Webhooks {
  constructor(private readonly pool: pg.Pool) {}

  /** @returns null where there are `max` of them already */
  async add(id: string, { label, url }: Pick<Webhook, 'label' | 'url'>, secret: string, max: number) {
    return inTransaction(this.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.webhooks]);
      const { rows } = await client.query<Webhook>(
        `INSERT INTO webhooks (id, label, url, secret)
         SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM webhooks) < $5 RETURNING ${COLUMNS}`,
        [id, label, url, secret, max],
      );
      return rows[0] ?? null;
    });
  }

  /** All of them, oldest first. */
  async list(): Promise<Webhook[]> {
    return this.rows<Webhook>(`SELECT ${COLUMNS} FROM webhooks ORDER BY created_at, id`, []);
  }

  /** Null where there is none. */
  async find(id: string): Promise<Webhook | null> {
    const [found] = await this.rows<Webhook>(`SELECT ${COLUMNS} FROM webhooks WHERE id = $1`, [id]);
    return found ?? null;
  }

  /** Those of these ids that there are. */
  async knownOf(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const rows = await this.rows<{ id: string }>('SELECT id FROM webhooks WHERE id = ANY($1)', [ids]);
    return rows.map(({ id }) => id);
  }

  /** Null where there is none. What was to be told until a moment that is past is told no more when it is enabled. */
  async change(id: string, { label, url, disabled }: WebhookChange): Promise<Webhook | null> {
    const [changed] = await this.rows<Webhook>(
      `WITH late AS (
         UPDATE webhook_deliveries SET state = 'failed', due_at = NULL
         WHERE $4::boolean IS false AND webhook_id = $1 AND state = 'waiting' AND give_up_at <= clock_timestamp()
       )
       UPDATE webhooks SET label = coalesce($2, label), url = coalesce($3, url), updated_at = now(),
              disabled_at = CASE $4::boolean WHEN true THEN coalesce(disabled_at, now()) WHEN false THEN NULL ELSE disabled_at END,
              disabled_why = CASE $4::boolean WHEN true THEN coalesce(disabled_why, 'by hand') WHEN false THEN NULL ELSE disabled_why END
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, label ?? null, url ?? null, disabled ?? null],
    );
    return changed ?? null;
  }

  /** Gives it another secret; the one it had is signed with as well for `overlapMs`. Null where there is none. */
  async rotate(id: string, secret: string, overlapMs: number): Promise<Webhook | null> {
    const [rotated] = await this.rows<Webhook>(
      `UPDATE webhooks SET secret = $2, updated_at = now(),
              previous_secret = CASE WHEN $3::float8 > 0 THEN secret END,
              previous_expires_at = CASE WHEN $3 > 0 THEN now() + make_interval(secs => $3 / 1000) END
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, secret, overlapMs],
    );
    return rotated ?? null;
  }

  /** @returns whether there was one */
  async remove(id: string): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      await client.query('UPDATE watches SET notify = array_remove(notify, $1) WHERE $1 = ANY(notify)', [id]);
      return (await client.query('DELETE FROM webhooks WHERE id = $1', [id])).rowCount === 1;
    });
  }

  /** Writes a message down, to be sent at once. */
  async enqueue(webhookId: string, id: string, type: string, body: string): Promise<Delivery | null> {
    const [delivery] = await this.rows<Delivery>(
      `INSERT INTO webhook_deliveries (id, webhook_id, type, body, give_up_at)
       SELECT $2, id, $3, $4, clock_timestamp() + make_interval(hours => $5) FROM webhooks WHERE id = $1
       RETURNING ${DELIVERY}`,
      [webhookId, id, type, body, GIVE_UP_HOURS],
    );
    return delivery ?? null;
  }

  /** Has a message sent once more, under its own id, and at once where it waits already; null where there is none. */
  async sendAgain(webhookId: string, id: string): Promise<Delivery | null> {
    const [delivery] = await this.rows<Delivery>(
      `UPDATE webhook_deliveries SET state = 'waiting', due_at = clock_timestamp(), attempts = 0,
              give_up_at = clock_timestamp() + make_interval(hours => $3)
       WHERE webhook_id = $1 AND id = $2 RETURNING ${DELIVERY}`,
      [webhookId, id, GIVE_UP_HOURS],
    );
    return delivery ?? null;
  }

  /**
   * What was sent to a webhook, latest first.
   *
   * @param before the id of the last one of the page before; '': the first page
   */
  async deliveries(webhookId: string, before: string, limit: number): Promise<Delivery[]> {
    return this.rows<Delivery>(
      `SELECT ${DELIVERY} FROM webhook_deliveries
       WHERE webhook_id = $1 AND ($2 = '' OR (created_at, id) < (
         SELECT created_at, id FROM webhook_deliveries WHERE id = $2 AND webhook_id = $1))
       ORDER BY created_at DESC, id DESC LIMIT $3`,
      [webhookId, before, limit],
    );
  }

  /** Removes messages that are settled, or given up with a webhook that is disabled, and older; returns how many. */
  async removeOld(days: number, limit: number): Promise<number> {
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY(
           SELECT id FROM webhook_deliveries
           WHERE created_at < now() - make_interval(days => $1) AND (state <> 'waiting' OR give_up_at < now())
           LIMIT $2))`,
        [days, limit],
      ),
    );
    return rowCount ?? 0;
  }

  private async rows<T extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<T[]> {
    return withClient(this.pool, async (client) => (await client.query<T>(text, [...values])).rows);
  }
}
