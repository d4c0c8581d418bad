import type { Call } from '../web/openapi/call.js';
import { Key, KeyChangeBody, KeyPage, KeysQuery, KeyWithSecret, NewKeyBody, RotateBody } from './keys.shapes.js';

const path = { id: { description: 'The id of the key.', example: '1ft9w4u6y8j2m' } };

const example = {
  id: '1ft9w4u6y8j2m',
  label: 'views of the blog',
  scopes: ['increment'],
  prefix: 'page:',
  origins: ['https://blog.example.org'],
  perSecond: 50,
  maxNames: 1000,
  namesCreated: 12,
  createdAt: '2026-01-01T00:00:00.000Z',
  rotatedAt: null,
  previousExpiresAt: null,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: '2026-01-02T00:00:00.000Z',
};

const withSecret = { schema: KeyWithSecret, example: { ...example, secret: 'ec_1ft9w4u6y8j2m_…' } };

const SOON = 'It takes effect on every instance within seconds.';

/** The keys that calls are made with. */
export const keyCalls: readonly Call[] = [
  {
    route: 'GET /v1/keys',
    id: 'listKeys',
    tag: 'keys',
    summary: 'A page of keys, oldest first',
    description: 'Revoked and expired ones too. The keys themselves are not kept.',
    query: KeysQuery,
    answers: {
      200: {
        description: 'A page.',
        json: { schema: KeyPage, example: { data: [example], hasMore: false, nextCursor: null } },
      },
    },
  },
  {
    route: 'GET /v1/keys/:id',
    id: 'readKey',
    tag: 'keys',
    summary: 'Read a key',
    description: 'Also one that is revoked or expired. The key itself is not kept.',
    path,
    answers: { 200: { description: 'The key as it is now.', json: { schema: Key, example } } },
    refusals: ['not_found'],
  },
  {
    route: 'POST /v1/keys',
    id: 'makeKey',
    tag: 'keys',
    summary: 'Make a key',
    description:
      'A key with the scope "increment" alone adds to counters and does nothing else: with a prefix, origins and a pace ' +
      'it may stand in the source of a page.',
    body: {
      schema: NewKeyBody,
      required: true,
      example: { label: 'views of the blog', scopes: ['increment'], prefix: 'page:', perSecond: 50 },
    },
    answers: { 201: { description: 'The key, and its secret: it can be seen only now.', json: withSecret } },
  },
  {
    route: 'PATCH /v1/keys/:id',
    id: 'changeKey',
    tag: 'keys',
    summary: 'Change a key',
    description: `What is left out stays; what it may do to which names can only be said of a new key. ${SOON}`,
    path,
    body: { schema: KeyChangeBody, required: true, example: { maxNames: 5000, origins: [] } },
    answers: { 200: { description: 'The key as it is now.', json: { schema: Key, example } } },
    refusals: ['not_found'],
  },
  {
    route: 'DELETE /v1/keys/:id',
    id: 'revokeKey',
    tag: 'keys',
    summary: 'End a key for good',
    description: `And the sessions that were begun with it. It stays in the list. ${SOON}`,
    path,
    answers: { 204: { description: 'It is revoked.' } },
    refusals: ['not_found'],
  },
  {
    route: 'POST /v1/keys/:id/rotate',
    id: 'rotateKey',
    tag: 'keys',
    summary: 'Give a key a new secret',
    description: 'Its id stays, and with it its idempotency keys and its quota.',
    path,
    body: { schema: RotateBody, required: false, example: { overlapMs: 3600000 } },
    answers: { 200: { description: 'The key, and its new secret: it can be seen only now.', json: withSecret } },
    refusals: ['not_found'],
  },
];
