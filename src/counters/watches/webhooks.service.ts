import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { UnfitWish } from '../../domain/errors.js';
import { type Delivery, type Webhook, type WebhookChange, Webhooks } from '../../store/watches/webhooks.js';
import { DatabaseClock } from '../database-clock.js';
import { orUnavailable } from '../or-unavailable.js';

/** Each is looked through whenever messages are sent. */
const MAX_WEBHOOKS = 100;

/** Where messages go: makes, changes and tells them. What is sent leaves by the outbox. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * @throws UnfitWish where there are too many
   * @throws Unavailable
   */
  async make(wish: Pick<Webhook, 'label' | 'url'>, secret: string): Promise<Webhook> {
    const id = `wh_${randomBytes(8).toString('hex')}`;
    const made = await orUnavailable(() => this.webhooks.add(id, wish, secret, MAX_WEBHOOKS));
    if (made === null) throw new UnfitWish(`There may be ${MAX_WEBHOOKS} webhooks.`);
    return made;
  }

  /** @throws Unavailable */
  async list(): Promise<Webhook[]> {
    return orUnavailable(() => this.webhooks.list());
  }

  /** @throws Unavailable */
  async find(id: string): Promise<Webhook | null> {
    return orUnavailable(() => this.webhooks.find(id));
  }

  /** @throws Unavailable */
  async change(id: string, change: WebhookChange): Promise<Webhook | null> {
    return orUnavailable(() => this.webhooks.change(id, change));
  }

  /** @throws Unavailable */
  async rotate(id: string, secret: string, overlapMs: number): Promise<Webhook | null> {
    return orUnavailable(() => this.webhooks.rotate(id, secret, overlapMs));
  }

  /** @throws Unavailable */
  async remove(id: string): Promise<boolean> {
    return orUnavailable(() => this.webhooks.remove(id));
  }

  /**
   * Writes a message down that says it is a test.
   *
   * @returns null where there is no such webhook
   * @throws Unavailable
   */
  async test(id: string): Promise<Delivery | null> {
    const type = 'webhook.test';
    const timestamp = new Date(this.clock.nowMs()).toISOString();
    const body = JSON.stringify({ type, timestamp, data: { webhook: id } });
    const message = `msg_${randomBytes(18).toString('base64url')}`;
    return orUnavailable(() => this.webhooks.enqueue(id, message, type, body));
  }

  /** @throws Unavailable */
  async sendAgain(id: string, deliveryId: string): Promise<Delivery | null> {
    return orUnavailable(() => this.webhooks.sendAgain(id, deliveryId));
  }

  /** @throws Unavailable */
  async deliveries(id: string, before: string, limit: number): Promise<Delivery[]> {
    return orUnavailable(() => this.webhooks.deliveries(id, before, limit));
  }
}
