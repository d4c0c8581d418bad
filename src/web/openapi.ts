import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { MAX_NAME_BYTES, MAX_VALUE } from '../domain/operands.js';
import { PROBLEMS } from './problems/problem.js';

type Json = Record<string, unknown>;

/** The calls of one room, as OpenAPI 3.1 writes them: by path, then by method in small letters. */
export type Paths = Record<string, Record<string, Json>>;

/** The JSON Schema of what a client may send. */
export function inputSchema(schema: z.ZodType): Json {
  const json: Json = z.toJSONSchema(schema, { io: 'input' });
  // The document names the dialect once, for all of its schemas.
  delete json['$schema'];
  return json;
}

/** Query parameters, from the schema that reads them. */
export function queryParameters(schema: z.ZodObject): Json[] {
  const { properties = {} } = inputSchema(schema) as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    description,
    schema: rest,
  }));
}

const integer = { type: 'integer', minimum: -MAX_VALUE, maximum: MAX_VALUE };
const bound = { type: ['integer', 'null'], minimum: -MAX_VALUE, maximum: MAX_VALUE };
const instant = { type: 'string', format: 'date-time' };

const schemas: Record<string, Json> = {
  Counter: {
    type: 'object',
    required: ['name', 'value', 'version', 'min', 'max', 'expiresAt', 'createdAt', 'updatedAt'],
    properties: {
      name: { type: 'string', minLength: 1, maxLength: MAX_NAME_BYTES },
      value: integer,
      version: { type: 'integer', minimum: 1, description: 'Counts the changes of the counter, by one for each.' },
      min: bound,
      max: bound,
      expiresAt: {
        type: ['string', 'null'],
        format: 'date-time',
        description: 'When the counter ends by itself; from then on it is absent. Null: never.',
      },
      createdAt: instant,
      updatedAt: instant,
    },
    examples: [
      {
        name: 'page:/home',
        value: 15,
        version: 6,
        min: null,
        max: null,
        expiresAt: null,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:05.000Z',
      },
    ],
  },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
    properties: {
      type: { type: 'string', description: 'A path on this service that opens the explanation.' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { enum: Object.keys(PROBLEMS) },
      instance: { type: 'string', description: 'The id of the request.' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['pointer', 'detail'],
          properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
        },
      },
    },
  },
};

/**
 * The document of the whole service.
 *
 * @param basePath where it is mounted; '' at the root
 */
export function openApiDocument(basePath: string, ...rooms: readonly Paths[]): OpenAPIObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'evercount',
      version: '1.0.0',
      description:
        'A durable counter service. A 2xx to a write means that it was committed in Postgres; reads of one counter ' +
        'are linearizable, cached or not.',
      license: { name: 'MIT' },
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths: Object.assign({}, ...rooms) as Paths,
    components: {
      schemas,
      responses: {
        Problem: {
          description: `A problem document (RFC 9457). Codes: ${Object.keys(PROBLEMS).join(', ')}.`,
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}
