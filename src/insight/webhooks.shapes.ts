import { z } from 'zod';
import { DAY_MS } from '../domain/time.js';
import { DELIVERY_STATES } from '../store/watches/webhooks.js';
import { Count, fields, IdCursor, Instant, limitUpTo, PLAIN } from '../web/shapes.js';
import { Label } from './watches.shapes.js';

/** A month: longer than anybody takes to bring a new secret to a receiver. */
const MAX_OVERLAP_MS = 31 * DAY_MS;

/** Deliveries in one page: the body of each is about half a kilobyte. */
const MAX_DELIVERIES = 1_000;

const Url = z.string({ error: 'must be a URL' }).regex(PLAIN, { error: 'must be a URL' }).meta({
  pattern: undefined,
  format: 'uri',
  description: 'By https or http, to a public address or one that WEBHOOK_ALLOW names.',
});

export const NewWebhookBody = z.strictObject({ url: Url, label: Label.default('') }, fields);

export const WebhookChangeBody = z.strictObject(
  {
    url: Url.optional(),
    label: Label.optional(),
    disabled: z.boolean({ error: 'must be true or false' }).optional().meta({ description: 'Nothing is sent.' }),
  },
  fields,
);

export const RotateWebhookBody = z.strictObject(
  {
    overlapMs: z
      .int({ error: 'must be a whole number' })
      .min(0, { error: 'must be 0 or more' })
      .max(MAX_OVERLAP_MS, { error: `must be at most ${MAX_OVERLAP_MS}` })
      .optional()
      .meta({ description: 'For so long messages are signed with both secrets. Left out: a day.' }),
  },
  fields,
);

export const DeliveriesQuery = z.strictObject({
  limit: limitUpTo(MAX_DELIVERIES, 100).transform(Number),
  cursor: IdCursor,
});

export const Webhook = z
  .object({
    id: z.string(),
    label: z.string(),
    url: z.string(),
    createdAt: Instant,
    updatedAt: Instant,
    previousExpiresAt: Instant.nullable().meta({ description: 'Until when the secret before is signed with as well.' }),
    disabledAt: Instant.nullable(),
    disabledWhy: z.string().nullable(),
  })
  .meta({ id: 'Webhook' });

export const WebhookWithSecret = z.object({
  ...Webhook.shape,
  secret: z.string().meta({ description: 'To verify messages with, `whsec_…`: it can be seen only now.' }),
});

export const WebhookList = z.object({ data: z.array(Webhook) });

export const Delivery = z
  .object({
    id: z.string().meta({ description: 'The header "webhook-id" of the message, however often it is sent.' }),
    type: z.string(),
    state: z.enum(DELIVERY_STATES),
    createdAt: Instant,
    nextAt: Instant.nullable().meta({ description: 'When it is sent next, or again if this try does not end.' }),
    attempts: Count,
    lastAt: Instant.nullable(),
    lastStatus: z.int().nullable().meta({ description: 'Of the last try; null: nobody answered.' }),
    lastFault: z.string().nullable(),
    lastMs: Count.nullable(),
    body: z.string(),
  })
  .meta({ id: 'Delivery' });

export const DeliveryPage = z.object({
  data: z.array(Delivery),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable(),
});
