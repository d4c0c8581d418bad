import { inputSchema, type Paths } from '../web/openapi.js';
import { SessionBody } from './shapes.js';

const problems = {
  '4XX': { $ref: '#/components/responses/Problem' },
  '5XX': { $ref: '#/components/responses/Problem' },
};

const grant = {
  description: 'What may be done.',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['auth', 'keyId', 'scopes', 'prefix'],
        properties: {
          auth: { enum: ['off', 'required'] },
          keyId: { type: 'string', description: 'The id of the API key; empty where none is asked for.' },
          scopes: { type: 'array', items: { enum: ['read', 'write', 'admin'] } },
          prefix: { type: 'string', description: 'Names must begin with it; empty allows every name.' },
        },
      },
    },
  },
};

/** The session of a browser, for the OpenAPI document. */
export const sessionPaths: Paths = {
  '/v1/session': {
    get: {
      operationId: 'showSession',
      summary: 'What the key or the session allows',
      tags: ['session'],
      responses: { '200': grant, ...problems },
    },
    post: {
      operationId: 'beginSession',
      summary: 'Exchange an API key for a session, which a browser keeps as a cookie that no script can read',
      tags: ['session'],
      requestBody: { required: true, content: { 'application/json': { schema: inputSchema(SessionBody) } } },
      responses: { '200': grant, ...problems },
    },
    delete: {
      operationId: 'endSession',
      summary: 'End the session',
      tags: ['session'],
      responses: { '204': { description: 'There is none any more.' }, ...problems },
    },
  },
};
