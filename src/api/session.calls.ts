import type { Call } from '../web/openapi/call.js';
import { OwnRights, SessionBody } from './shapes.js';

const rights = {
  description: 'What may be done.',
  json: {
    schema: OwnRights,
    example: { auth: 'required', keyId: '1ft9w4u6y8j2m', scopes: ['read', 'write'], prefix: 'page:' },
  },
};

/** The session of a browser. */
export const sessionCalls: readonly Call[] = [
  {
    route: 'GET /v1/session',
    id: 'showSession',
    tag: 'session',
    summary: 'What the key or the session allows',
    description: 'Also a way to find out whether a key is good.',
    answers: { 200: rights },
  },
  {
    route: 'POST /v1/session',
    id: 'beginSession',
    tag: 'session',
    summary: 'Exchange an API key for a session',
    description: 'A browser keeps it as a cookie that no script can read. It ends by itself, and with its key.',
    body: { schema: SessionBody, required: true, example: { key: 'ec_…' } },
    answers: { 200: rights },
  },
  {
    route: 'DELETE /v1/session',
    id: 'endSession',
    tag: 'session',
    summary: 'End the session',
    description: 'At once here, and on other instances within seconds.',
    answers: { 204: { description: 'There is none any more.' } },
  },
];
