import type { Call } from '../web/openapi/call.js';
import { NewsPage, NewsQuery } from './news.shapes.js';

const example = {
  id: 'h42',
  at: '2026-01-01T00:00:00.000Z',
  kind: 'cache.refilled',
  instance: 'counts-1/1f0a3b5c',
  detail: { names: 2, filled: 2, complete: true, durationMs: 31 },
};

/** What happened. */
export const newsCalls: readonly Call[] = [
  {
    route: 'GET /v1/events',
    id: 'events',
    tag: 'admin',
    summary: 'What happened, latest first',
    description:
      'Caches that were found empty (after a flush, a restart, a blind period) and filled again, servers that were away ' +
      'and came back or were replaced, drift, drills; and what was done to the service: flushes, imports, keys, sessions, ' +
      'links. Kept in Postgres. The stream tells them as they come (`GET /v1/stream?events=true`).',
    query: NewsQuery,
    answers: {
      200: {
        description: 'A page.',
        headers: ['Link'],
        json: { schema: NewsPage, example: { data: [example], hasMore: false, nextCursor: null } },
      },
    },
  },
];
