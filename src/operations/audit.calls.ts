import type { Call } from '../web/openapi/call.js';
import { AuditPage, AuditQuery } from './audit.shapes.js';

const example = {
  id: '42',
  at: '2026-01-01T00:00:00.000Z',
  action: 'counter.set',
  actor: '1ft9w4u6y8j2m',
  isSession: false,
  via: 'http',
  address: '192.0.2.7',
  requestId: 'req-1',
  subject: 'page:/home',
  before: { value: 15, version: 6, min: null, max: null, expiresAt: null },
  after: { value: 20, version: 7, min: null, max: null, expiresAt: null },
};

/** Who did what. */
export const auditCalls: readonly Call[] = [
  {
    route: 'GET /v1/audit',
    id: 'audit',
    tag: 'admin',
    summary: 'Who did what, latest first',
    description:
      'A row for each counter that was set, reset or deleted, import, purge, flush, key that was made, changed, rotated ' +
      'or revoked, session and link, over HTTP, the Redis protocol and the command line; each is written with what it ' +
      'tells of, or neither is. Increments are not in it. A page that looked through many rows for few may be short.',
    query: AuditQuery,
    answers: {
      200: {
        description: 'A page.',
        headers: ['Link'],
        json: { schema: AuditPage, example: { data: [example], hasMore: false, nextCursor: null } },
      },
    },
  },
];
