import type { Call } from '../web/openapi/call.js';
import { Timeline, TimelineQuery } from './timeline.shapes.js';

const AT = '2026-01-01T00:00:00.000Z';

const point = {
  at: AT,
  ...{ hits: 812.5, misses: 1.5, bypasses: 0, unverified: 0, increments: 90.2, otherWrites: 0, failures: 0 },
  ...{ commitMs: 1.9, commitP99Ms: 5, publishMs: 0.4, publishP99Ms: 1, queue: 3, instances: 2, serving: 2 },
};

/** How things went. */
export const timelineCalls: readonly Call[] = [
  {
    route: 'GET /v1/timeline',
    id: 'timeline',
    tag: 'admin',
    summary: 'How reads and writes went, up to a day back, and what happened meanwhile',
    description:
      'Of all instances together: each leaves a row in Postgres every two seconds, and what it could not leave while ' +
      'that was away as soon as it is back. Kept for a day; after a crash of Postgres it begins anew.',
    query: TimelineQuery,
    answers: {
      200: {
        description: 'Step by step.',
        json: { schema: Timeline, example: { from: AT, to: AT, stepMs: 5000, points: [point], marks: [] } },
      },
    },
  },
];
