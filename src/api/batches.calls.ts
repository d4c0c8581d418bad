import type { Call } from '../web/openapi/call.js';
import { COUNTER_EXAMPLE } from '../web/shapes.js';
import { BatchResults, IncrementsBody, ManyCounters, ReadsBody } from './shapes.js';

/** The calls on many counters. */
export const batchCalls: readonly Call[] = [
  {
    route: 'POST /v1/reads',
    id: 'readCounters',
    tag: 'batches',
    summary: 'Read many counters',
    description: 'Up to 1000, from the cache. Not a snapshot: each is as it was at some moment of the call.',
    body: { schema: ReadsBody, required: true, example: { names: ['page:/home', 'page:/none'] } },
    answers: {
      200: {
        description: 'In the order asked; null where there is no counter.',
        json: { schema: ManyCounters, example: { data: [COUNTER_EXAMPLE, null] } },
      },
    },
  },
  {
    route: 'POST /v1/increments',
    id: 'incrementCounters',
    tag: 'batches',
    summary: 'Add to many counters',
    description:
      'Up to 1000 items. What breaks a rule is refused alone, unless "atomic": then all or nothing, and the first fault ' +
      'is the answer. "Idempotency-Key" covers the items without a key of their own, as key/0, key/1, ….',
    headers: ['Idempotency-Key'],
    body: {
      schema: IncrementsBody,
      required: true,
      example: { increments: [{ name: 'page:/home', by: 5 }, { name: 'page:/about' }] },
    },
    answers: {
      200: {
        description: 'What each item came to, in order.',
        headers: ['Idempotent-Replayed'],
        json: { schema: BatchResults, example: { results: [{ status: 200, counter: COUNTER_EXAMPLE }] } },
      },
    },
    refusals: [
      'in_progress',
      'idempotency_key_reused',
      'outcome_unknown',
      'quota_exceeded',
      'out_of_bounds',
      'value_overflow',
    ],
  },
];
