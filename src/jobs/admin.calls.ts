import type { Call } from '../web/openapi/call.js';
import { CacheAnswer, FlushAnswer, JobAnswer, QueuedJob, RehydrateQuery } from './admin.shapes.js';

const AT = '2026-01-01T00:00:00.000Z';

const jobPost = (kind: 'rehydrate' | 'reconcile', summary: string, description: string): Call => ({
  route: `POST /v1/admin/cache/${kind}`,
  id: `${kind}Cache`,
  tag: 'admin',
  summary,
  description,
  answers: {
    202: {
      description: 'The job is in the queue. "Location" leads to it.',
      headers: ['Location'],
      json: { schema: QueuedJob, example: { job: { id: '1', kind } } },
    },
  },
});

/** The calls of operators on cache and jobs. */
export const adminCalls: readonly Call[] = [
  {
    route: 'GET /v1/admin/cache',
    id: 'showCache',
    tag: 'admin',
    summary: 'The state of the cache and of its jobs',
    description: 'Also while servers are away; what cannot be learned then is null.',
    answers: {
      200: {
        description: 'How it stands, on this instance.',
        json: {
          schema: CacheAnswer,
          example: {
            postgres: 'up',
            redis: 'up',
            server: { address: '127.0.0.1:6379', role: 'primary', foundBy: 'url' },
            servers: [{ address: '127.0.0.1:6379', role: 'primary', units: 1 }],
            units: { serving: 1, unverified: 0, blind: 0, waiting: 0 },
            moves: 0,
            epoch: '1',
            guard: 'serving',
            permission: true,
            sentinel: true,
            entries: 2,
            reads: { hits: 10, misses: 2, bypasses: 0 },
            flushCommand: null,
            recentReads: { seconds: 300, hits: 9, misses: 1, bypasses: 0, hitRatio: 0.9 },
            queue: { state: 'down' },
            lastReconcile: null,
            lastRehydrate: null,
          },
        },
      },
    },
  },
  {
    route: 'POST /v1/admin/cache/flush',
    id: 'flushCache',
    tag: 'admin',
    summary: "Remove this service's own entries",
    description: 'They come back by reading. No counter changes, and no read is wrong meanwhile.',
    answers: {
      200: { description: 'They are gone.', json: { schema: FlushAnswer, example: { removed: 2 } } },
    },
  },
  {
    ...jobPost('rehydrate', 'Fill the cache with what the latest writes touched', 'A job; reads need not wait for it.'),
    query: RehydrateQuery,
    refusals: ['invalid_request'],
  },
  jobPost('reconcile', 'Compare the cache with the truth, and repair it', 'A job, which also runs by itself.'),
  {
    route: 'GET /v1/admin/jobs/:id',
    id: 'showJob',
    tag: 'admin',
    summary: 'What became of a job',
    description: 'Jobs are kept for a day, and not after a flush of Redis.',
    path: { id: { description: 'The id of the job.', example: '1' } },
    answers: {
      200: {
        description: 'The job.',
        json: {
          schema: JobAnswer,
          example: {
            job: {
              id: '1',
              kind: 'reconcile',
              state: 'active',
              progress: null,
              result: null,
              createdAt: AT,
              startedAt: AT,
              finishedAt: null,
            },
          },
        },
      },
    },
    refusals: ['not_found'],
  },
];
