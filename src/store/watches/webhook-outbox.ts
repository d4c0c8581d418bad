import type pg from 'pg';
import { withClient } from '../clients.js';
import type { DeliveryState } from './webhooks.js';

/** A message that is to be sent now. */
export interface OutgoingMessage {
  readonly id: string;
  readonly webhookId: string;
  readonly url: string;
  readonly body: string;
  /** Which try this is, from 1 on. */
  readonly attempt: number;
  /** One, or two while they change. */
  readonly secrets: readonly string[];
}

/** How a try went; a status of null: nobody answered. */
export interface Tried {
  readonly status: number | null;
  /** What was wrong; null: it was taken. */
  readonly fault: string | null;
  readonly tookMs: number;
}

/** Messages that wait to be sent. Where Redis is plays no part in it. */
export class WebhookOutbox {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Takes messages whose time has come; nobody else takes them for `leaseMs`, after which they are tried again.
   *
   * @param limit of them all, and `perWebhook` of one receiver, so that one that is slow holds up no other
   * @param except webhooks that have enough under way
   */
  async take(
    limit: number,
    perWebhook: number,
    except: readonly string[],
    leaseMs: number,
  ): Promise<OutgoingMessage[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<OutgoingMessage>(
        `UPDATE webhook_deliveries d
         SET due_at = clock_timestamp() + make_interval(secs => $4::float8 / 1000), attempts = attempts + 1
         FROM (
           SELECT due.id, h.url, h.secret, h.previous_secret, h.previous_expires_at
           FROM (SELECT id AS webhook_id, url, secret, previous_secret, previous_expires_at FROM webhooks
                 WHERE disabled_at IS NULL AND id <> ALL($3::text[])) AS h
           CROSS JOIN LATERAL (
             SELECT id FROM webhook_deliveries
             WHERE webhook_id = h.webhook_id AND state = 'waiting' AND due_at <= clock_timestamp()
             ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
           ) AS due
           LIMIT $1
         ) AS taken
         WHERE d.id = taken.id
         RETURNING d.id, d.webhook_id AS "webhookId", taken.url, d.body, d.attempts AS attempt,
                   CASE WHEN taken.previous_secret IS NOT NULL AND taken.previous_expires_at > clock_timestamp()
                        THEN ARRAY[taken.secret, taken.previous_secret] ELSE ARRAY[taken.secret] END AS secrets`,
        [limit, perWebhook, except, leaseMs],
      ),
    );
    return rows;
  }

  /** Notes that a message was taken. */
  async delivered({ id }: OutgoingMessage, tried: Tried): Promise<void> {
    await this.note(`state = 'delivered', due_at = NULL`, id, tried, []);
  }

  /**
   * Notes that it was not; it comes again after `pauseMs`, unless it is too old by then.
   *
   * @returns whether it comes again
   */
  async failed({ id }: OutgoingMessage, tried: Tried, pauseMs: number): Promise<boolean> {
    const next = `clock_timestamp() + make_interval(secs => $5::float8 / 1000)`;
    const state = await this.note(
      `state = CASE WHEN ${next} > give_up_at THEN 'failed' ELSE 'waiting' END,
       due_at = CASE WHEN ${next} <= give_up_at THEN ${next} END`,
      id,
      tried,
      [pauseMs],
    );
    return state !== 'failed';
  }

  /**
   * Notes that the receiver wants no more: the webhook is disabled. What waits for it waits for somebody to enable it.
   *
   * @returns whether it was enabled until now
   */
  async gone({ id, webhookId }: OutgoingMessage, tried: Tried, why: string): Promise<boolean> {
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `UPDATE webhooks SET disabled_at = now(), disabled_why = $2, updated_at = now()
         WHERE id = $1 AND disabled_at IS NULL`,
        [webhookId, why],
      ),
    );
    await this.note(`state = 'failed', due_at = NULL`, id, tried, []);
    return rowCount === 1;
  }

  /** How many messages wait, and the age of the oldest, seconds; but of those to webhooks that are disabled: they may wait. */
  async backlog(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ waiting: number; oldestSeconds: number }>(
        `SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM now() - min(d.created_at)), 0)::float8 AS "oldestSeconds"
         FROM webhook_deliveries d JOIN webhooks h ON h.id = d.webhook_id
         WHERE state = 'waiting' AND disabled_at IS NULL`,
      ),
    );
    return rows[0] ?? { waiting: 0, oldestSeconds: 0 };
  }

  /** @returns the state it is in now; null: it is not there any more */
  private async note(
    change: string,
    id: string,
    tried: Tried,
    more: readonly unknown[],
  ): Promise<DeliveryState | null> {
    const { status, fault, tookMs } = tried;
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ state: DeliveryState }>(
        `UPDATE webhook_deliveries
         SET ${change}, last_at = clock_timestamp(), last_status = $2, last_fault = $3, last_ms = $4 WHERE id = $1
         RETURNING state`,
        [id, status, fault, Math.round(tookMs), ...more],
      ),
    );
    return rows[0]?.state ?? null;
  }
}
