import { inputSchema, type Paths, queryParameters } from '../web/openapi.js';
import { IncrementBody, IncrementsBody, ListQuery, ReadQuery, ReadsBody, ResetBody, SetBody } from './shapes.js';
import type { z } from 'zod';

type Json = Record<string, unknown>;

const counter = { $ref: '#/components/schemas/Counter' };
const problem = { $ref: '#/components/schemas/Problem' };
const problems = {
  '4XX': { $ref: '#/components/responses/Problem' },
  '5XX': { $ref: '#/components/responses/Problem' },
};

const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
});

const name = {
  name: 'name',
  in: 'path',
  required: true,
  description: 'Percent-encoded.',
  schema: { type: 'string', minLength: 1 },
};
const key = header('Idempotency-Key', '1 to 255 printable ASCII characters. The same request is counted once.');
const conditions = [
  header('If-Match', 'Entity tags, or *: only where the counter is at one of these versions, or exists.'),
  header('If-None-Match', '*: only where there is no counter of this name.'),
];

const answer = (description: string, schema: Json): Json => ({
  description,
  headers: { 'X-Request-Id': { schema: { type: 'string' } } },
  content: { 'application/json': { schema } },
});

const one = (description: string, schema: Json = counter): Json => ({
  ...answer(description, schema),
  headers: {
    ETag: { description: 'The version, quoted.', schema: { type: 'string' } },
    'Idempotent-Replayed': { description: '"true" on a replay.', schema: { const: 'true' } },
    'X-Request-Id': { schema: { type: 'string' } },
  },
});

const body = (schema: z.ZodType, required: boolean): Json => ({
  required,
  content: { 'application/json': { schema: inputSchema(schema) } },
});

const increment = (operationId: string, summary: string): Json => ({
  operationId,
  summary,
  tags: ['counters'],
  parameters: [name, key],
  requestBody: body(IncrementBody, false),
  responses: { '200': one('The counter after this change, and no other.'), ...problems },
});

const notModified = { description: 'The version that If-None-Match names is the present one.' };
const list = (items: Json): Json => ({ type: 'array', items });

/** The calls on counters. */
export const counterPaths: Paths = {
  '/v1/counters': {
    get: {
      operationId: 'listCounters',
      summary: 'A page of counters, by name',
      tags: ['counters'],
      parameters: queryParameters(ListQuery),
      responses: {
        '200': answer('A page; "Link" with rel="next" leads to the following one. Not a snapshot.', {
          type: 'object',
          required: ['data', 'hasMore', 'nextCursor'],
          properties: {
            data: list(counter),
            hasMore: { type: 'boolean' },
            nextCursor: { type: ['string', 'null'] },
          },
        }),
        ...problems,
      },
    },
  },
  '/v1/counters/{name}': {
    get: {
      operationId: 'readCounter',
      summary: 'Read a counter',
      tags: ['counters'],
      parameters: [
        name,
        ...queryParameters(ReadQuery),
        header('If-None-Match', 'Entity tags: 304 where one is present.'),
      ],
      responses: {
        '200': one('The counter. "Cache-Status" says where it came from.'),
        '304': notModified,
        ...problems,
      },
    },
    put: {
      operationId: 'setCounter',
      summary: 'Set value and bounds, creating the counter where there is none',
      tags: ['counters'],
      parameters: [name, key, ...conditions],
      requestBody: body(SetBody, true),
      responses: { '200': one('The counter as it was set.'), '201': one('The counter was created.'), ...problems },
    },
    delete: {
      operationId: 'deleteCounter',
      summary: 'Delete a counter',
      tags: ['counters'],
      parameters: [name, key, ...conditions],
      responses: { '204': { description: 'It is gone; its versions are never used again.' }, ...problems },
    },
  },
  '/v1/counters/{name}/increment': {
    post: increment('incrementCounter', 'Add to a counter, creating it at 0 where there is none'),
  },
  '/v1/counters/{name}/decrement': {
    post: increment('decrementCounter', 'Take away from a counter, creating it at 0 where there is none'),
  },
  '/v1/counters/{name}/reset': {
    post: {
      operationId: 'resetCounter',
      summary: 'Read and set a counter in one step',
      tags: ['counters'],
      parameters: [name, key, ...conditions],
      requestBody: body(ResetBody, false),
      responses: {
        '200': one('The counter, and its value before.', {
          allOf: [counter, { type: 'object', required: ['previous'], properties: { previous: { type: 'integer' } } }],
        }),
        ...problems,
      },
    },
  },
  '/v1/reads': {
    post: {
      operationId: 'readCounters',
      summary: 'Read many counters',
      tags: ['batches'],
      requestBody: body(ReadsBody, true),
      responses: {
        '200': answer('In the order asked; null where there is no counter. Not a snapshot.', {
          type: 'object',
          required: ['data'],
          properties: { data: list({ anyOf: [counter, { type: 'null' }] }) },
        }),
        ...problems,
      },
    },
  },
  '/v1/increments': {
    post: {
      operationId: 'incrementCounters',
      summary: 'Add to many counters',
      tags: ['batches'],
      parameters: [{ ...key, description: 'Covers items without a key of their own, as key/0, key/1, …' }],
      requestBody: body(IncrementsBody, true),
      responses: {
        '200': answer('What each item came to, in order.', {
          type: 'object',
          required: ['results'],
          properties: {
            results: list({
              type: 'object',
              required: ['status'],
              properties: { status: { type: 'integer' }, counter, problem, replayed: { const: true } },
            }),
          },
        }),
        ...problems,
      },
    },
  },
  '/problems/{code}': {
    get: {
      operationId: 'explainProblem',
      summary: 'What a problem means',
      tags: ['problems'],
      parameters: [{ name: 'code', in: 'path', required: true, schema: { type: 'string' } }],
      responses: {
        '200': { description: 'A page.', content: { 'text/html': { schema: { type: 'string' } } } },
        ...problems,
      },
    },
  },
};
