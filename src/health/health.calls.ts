import { z } from 'zod';
import type { Call } from '../web/openapi/call.js';

export const Alive = z.object({ status: z.literal('ok') });

export const Ready = z.object({
  status: z.enum(['ok', 'degraded']),
  postgres: z.enum(['up', 'down']),
  redis: z.enum(['up', 'degraded']),
});

const ReadyQuery = z.object({
  degraded: z
    .literal('ok')
    .optional()
    .meta({ description: '"ok": also ready while Postgres is away and cached reads can be answered.' }),
});

/** The probes. */
export const healthCalls: readonly Call[] = [
  {
    route: 'GET /livez',
    id: 'live',
    tag: 'health',
    summary: 'Is the process alive?',
    description: 'Asks no server, and is never limited.',
    answers: { 200: { description: 'Yes.', json: { schema: Alive, example: { status: 'ok' } } } },
  },
  {
    route: 'GET /readyz',
    id: 'ready',
    tag: 'health',
    summary: 'Should requests be sent to this instance?',
    description: 'Ready when writes can be committed; also while Redis alone is away. Never limited.',
    query: ReadyQuery,
    answers: {
      200: {
        description: 'Yes.',
        json: { schema: Ready, example: { status: 'ok', postgres: 'up', redis: 'up' } },
      },
    },
  },
];
