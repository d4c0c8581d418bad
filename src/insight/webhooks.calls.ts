import type { Call } from '../web/openapi/call.js';
import {
  DeliveriesQuery,
  Delivery,
  DeliveryPage,
  NewWebhookBody,
  RotateWebhookBody,
  Webhook,
  WebhookChangeBody,
  WebhookList,
  WebhookWithSecret,
} from './webhooks.shapes.js';

const path = { id: { description: 'The id of the webhook.', example: 'wh_0a1b2c3d4e5f6071' } };

const AT = '2026-01-01T00:00:00.000Z';

const example = {
  id: 'wh_0a1b2c3d4e5f6071',
  label: 'the pager',
  url: 'https://blog.example.org/evercount',
  createdAt: AT,
  updatedAt: AT,
  previousExpiresAt: null,
  disabledAt: null,
  disabledWhy: null,
};

const delivery = {
  id: 'msg_q1w2e3r4t5z6u7i8o9p0',
  type: 'webhook.test',
  state: 'delivered',
  createdAt: AT,
  nextAt: null,
  attempts: 1,
  lastAt: AT,
  lastStatus: 204,
  lastFault: null,
  lastMs: 12,
  body: '{"type":"webhook.test","timestamp":"2026-01-01T00:00:00.000Z","data":{"webhook":"wh_0a1b2c3d4e5f6071"}}',
};

const withSecret = { schema: WebhookWithSecret, example: { ...example, secret: 'whsec_…' } };

/** Webhooks, by the specification of Standard Webhooks. */
export const webhookCalls: readonly Call[] = [
  {
    route: 'GET /v1/webhooks',
    id: 'listWebhooks',
    tag: 'webhooks',
    summary: 'Every webhook, oldest first',
    description: 'Without their secrets.',
    answers: { 200: { description: 'All of them.', json: { schema: WebhookList, example: { data: [example] } } } },
  },
  {
    route: 'POST /v1/webhooks',
    id: 'makeWebhook',
    tag: 'webhooks',
    summary: 'Make a webhook',
    description:
      'Watches that name it send it messages, signed by the specification of Standard Webhooks, again and again for a day ' +
      'until it answers with 2xx. 410 disables it.',
    body: { schema: NewWebhookBody, required: true, example: { url: example.url, label: example.label } },
    answers: {
      201: {
        description: 'The webhook, and its secret: it can be seen only now.',
        headers: ['Location'],
        json: withSecret,
      },
    },
  },
  {
    route: 'GET /v1/webhooks/:id',
    id: 'showWebhook',
    tag: 'webhooks',
    summary: 'A webhook',
    description: 'Without its secret.',
    path,
    answers: { 200: { description: 'The webhook.', json: { schema: Webhook, example } } },
    refusals: ['not_found'],
  },
  {
    route: 'PATCH /v1/webhooks/:id',
    id: 'changeWebhook',
    tag: 'webhooks',
    summary: 'Change a webhook, disable it, or enable it again',
    description: 'What is left out stays.',
    path,
    body: { schema: WebhookChangeBody, required: true, example: { disabled: false } },
    answers: { 200: { description: 'The webhook as it is now.', json: { schema: Webhook, example } } },
    refusals: ['not_found'],
  },
  {
    route: 'DELETE /v1/webhooks/:id',
    id: 'removeWebhook',
    tag: 'webhooks',
    summary: 'Remove a webhook',
    description: 'And what waits for it. Watches that named it no longer do.',
    path,
    answers: { 204: { description: 'It is gone.' } },
    refusals: ['not_found'],
  },
  {
    route: 'POST /v1/webhooks/:id/rotate',
    id: 'rotateWebhook',
    tag: 'webhooks',
    summary: 'Give a webhook a new secret',
    description: 'For a while messages carry a signature of each, so that the receiver misses none.',
    path,
    body: { schema: RotateWebhookBody, required: false, example: { overlapMs: 3600000 } },
    answers: { 200: { description: 'The webhook, and its new secret: it can be seen only now.', json: withSecret } },
    refusals: ['not_found'],
  },
  {
    route: 'POST /v1/webhooks/:id/test',
    id: 'testWebhook',
    tag: 'webhooks',
    summary: 'Send a message that says it is a test',
    description: 'Deliveries tell what became of it.',
    path,
    answers: { 202: { description: 'It is on its way.', json: { schema: Delivery, example: delivery } } },
    refusals: ['not_found'],
  },
  {
    route: 'GET /v1/webhooks/:id/deliveries',
    id: 'listDeliveries',
    tag: 'webhooks',
    summary: 'What was sent, latest first',
    description: 'Kept for 30 days.',
    path,
    query: DeliveriesQuery,
    answers: {
      200: {
        description: 'A page.',
        json: { schema: DeliveryPage, example: { data: [delivery], hasMore: false, nextCursor: null } },
      },
    },
    refusals: ['not_found'],
  },
  {
    route: 'POST /v1/webhooks/:id/deliveries/:delivery/send',
    id: 'sendAgain',
    tag: 'webhooks',
    summary: 'Send a message once more',
    description: 'Under its own id, by which a receiver knows it.',
    path: { ...path, delivery: { description: 'The id of the message.', example: delivery.id } },
    answers: { 202: { description: 'It is on its way.', json: { schema: Delivery, example: delivery } } },
    refusals: ['not_found'],
  },
];
