import type { Call, CallAnswer } from '../web/openapi/call.js';
import type { ProblemCode } from '../web/problems/problem.js';
import { Counter, COUNTER_EXAMPLE } from '../web/shapes.js';
import {
  CounterPage,
  IncrementBody,
  ListQuery,
  ReadQuery,
  ResetBody,
  ResetCounter,
  SetBody,
  TreePage,
  TreeQuery,
} from './shapes.js';

const path = { name: { description: 'The name of the counter, percent-encoded.', example: 'page:/home' } };

/** How a write can be refused. */
const WRITE: readonly ProblemCode[] = ['in_progress', 'idempotency_key_reused', 'outcome_unknown'];
const CONDITIONAL: readonly ProblemCode[] = ['version_mismatch'];
const ADDING: readonly ProblemCode[] = ['quota_exceeded', 'out_of_bounds', 'value_overflow'];

const one = (description: string): CallAnswer => ({
  description,
  headers: ['ETag', 'Idempotent-Replayed'],
  json: { schema: Counter, example: COUNTER_EXAMPLE },
});

const adding = (what: 'increment' | 'decrement', summary: string, description: string): Call => ({
  route: `POST /v1/counters/:name/${what}`,
  id: `${what}Counter`,
  tag: 'counters',
  summary,
  description,
  path,
  headers: ['Idempotency-Key'],
  body: { schema: IncrementBody, required: false, example: { by: 5 } },
  answers: { 200: one('The counter after this change, and no other.') },
  refusals: [...WRITE, ...ADDING],
});

/** The calls on one counter, and the page of all. */
export const counterCalls: readonly Call[] = [
  {
    route: 'GET /v1/counters',
    id: 'listCounters',
    tag: 'counters',
    summary: 'A page of counters, by name',
    description: 'In order of the bytes of their names. Not a snapshot: what changes meanwhile may be told or not.',
    query: ListQuery,
    answers: {
      200: {
        description: 'A page; "Link" with rel="next" leads to the following one.',
        headers: ['Link'],
        json: { schema: CounterPage, example: { data: [COUNTER_EXAMPLE], hasMore: false, nextCursor: null } },
      },
    },
  },
  {
    route: 'GET /v1/tree',
    id: 'listLevel',
    tag: 'counters',
    summary: 'The next level of names below a prefix',
    description:
      'As the separator parts them: `a:b` and `a:c` are one branch, `a:`, with the number and the sum of its counters. ' +
      'Exact at the instant it names; the answer is kept for a while, the longer the more there is to add up. Where it ' +
      'takes more than 5 s it is 503, and mostly there when it is asked for again.',
    query: TreeQuery,
    answers: {
      200: {
        description: 'A page; "Link" with rel="next" leads to the following one.',
        headers: ['Link'],
        json: {
          schema: TreePage,
          example: {
            data: [{ name: 'page:', isBranch: true, count: 2, sum: 30 }],
            hasMore: false,
            nextCursor: null,
            asOf: '2026-01-01T00:00:00.000Z',
          },
        },
      },
    },
  },
  {
    route: 'GET /v1/counters/:name',
    id: 'readCounter',
    tag: 'counters',
    summary: 'Read a counter',
    description: 'Linearizable, from the cache or not: it shows every write that was answered before it was asked.',
    path,
    query: ReadQuery,
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The counter.',
        headers: ['ETag', 'Cache-Status'],
        json: { schema: Counter, example: COUNTER_EXAMPLE },
      },
      304: {
        description: 'The version that If-None-Match names is the present one.',
        headers: ['ETag', 'Cache-Status'],
      },
    },
    refusals: ['not_found'],
  },
  {
    route: 'PUT /v1/counters/:name',
    id: 'setCounter',
    tag: 'counters',
    summary: 'Set value and bounds, creating the counter where there is none',
    description: 'A bound that is left out stays as it is; null removes it.',
    path,
    headers: ['Idempotency-Key', 'If-Match', 'If-None-Match'],
    body: { schema: SetBody, required: true, example: { value: 10, min: 0, max: 100 } },
    answers: { 200: one('The counter as it was set.'), 201: one('The counter was created.') },
    refusals: [...WRITE, ...CONDITIONAL, 'quota_exceeded', 'out_of_bounds'],
  },
  {
    route: 'DELETE /v1/counters/:name',
    id: 'deleteCounter',
    tag: 'counters',
    summary: 'Delete a counter',
    description: 'Its history goes with it. Should it come back, it begins at 0, and no version is used again.',
    path,
    headers: ['Idempotency-Key', 'If-Match', 'If-None-Match'],
    answers: { 204: { description: 'It is gone.', headers: ['Idempotent-Replayed'] } },
    refusals: [...WRITE, ...CONDITIONAL, 'not_found'],
  },
  adding(
    'increment',
    'Add to a counter, creating it at 0 where there is none',
    'Without a body it adds 1. Each answer has the value after its own increment, however many come at once.',
  ),
  adding(
    'decrement',
    'Take away from a counter, creating it at 0 where there is none',
    'The mirror image of an increment: without a body it takes away 1.',
  ),
  {
    route: 'POST /v1/counters/:name/reset',
    id: 'resetCounter',
    tag: 'counters',
    summary: 'Read and set a counter in one step',
    description: 'No increment is lost between the reading and the setting: each is in "previous", or comes after.',
    path,
    headers: ['Idempotency-Key', 'If-Match', 'If-None-Match'],
    body: { schema: ResetBody, required: false, example: { to: 0 } },
    answers: {
      200: {
        description: 'The counter, and its value before.',
        headers: ['ETag', 'Idempotent-Replayed'],
        json: { schema: ResetCounter, example: { ...COUNTER_EXAMPLE, value: 0, version: 7, previous: 15 } },
      },
    },
    refusals: [...WRITE, ...CONDITIONAL, 'not_found', 'out_of_bounds'],
  },
];
