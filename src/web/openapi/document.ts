import type { OpenAPIObject } from '@nestjs/swagger';
import { packageVersion } from '../../config/package-version.js';
import type { RouteRule } from '../gate/route-rules.js';
import { ruleOf } from '../gate/route-rules.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';
import { ANSWER_HEADERS, type Call, type CallAnswer, HEADERS, type HeaderName, TAGS } from './call.js';
import { codesOf, problemResponses, statusesOf } from './refusals.js';
import { type Json, Schemas } from './schemas.js';

const DESCRIPTION =
  'A durable counter service. A 2xx to a write means that it was committed in Postgres; reads of one counter are ' +
  'linearizable, cached or not.\n\nWhere the service asks for keys, each call says which scope its key must have. No ' +
  'scope implies another. Every refusal is a problem document (RFC 9457); its `code` says what it is.';

/**
 * The document of the whole service, made of what validates requests and shapes answers.
 *
 * @param basePath where it is mounted; '' at the root
 */
export function openApiDocument(basePath: string, calls: readonly Call[]): OpenAPIObject {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, Json>> = {};
  const used = new Set<ProblemCode>();
  for (const call of calls) {
    const [method = '', url = ''] = call.route.split(' ');
    const route = ruleOf(method, url);
    const codes = codesOf(call, route);
    for (const code of codes) used.add(code);
    const path = url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(call, route, codes, schemas) };
  }
  const responses = problemResponses(schemas, used);
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'evercount',
      version: packageVersion(),
      summary: 'Counters that survive.',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'Whoever runs this service' },
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.components,
      responses,
      headers: answerHeaders(),
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'ec_…',
          description: 'An API key. Not asked for where the service runs with `AUTH=off`.',
        },
      },
    },
  };
  // Nest's types know less of OpenAPI 3.1 than its page does.
  return document as unknown as OpenAPIObject;
}

function operationOf(call: Call, route: RouteRule | null, codes: ReadonlySet<ProblemCode>, schemas: Schemas): Json {
  const { id, summary, tag, body, answers } = call;
  const scopes = route?.rule?.scopes ?? [];
  return {
    operationId: id,
    summary,
    description: descriptionOf(call, route),
    tags: [tag],
    security: route?.rule === null ? [] : [{ apiKey: [] }],
    // OpenAPI has scopes for OAuth alone. Of several any one will do.
    ...(scopes.length === 0 ? {} : { 'x-scopes': scopes }),
    parameters: [...pathParameters(call), ...queryParameters(call, schemas), ...headerParameters(call)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.required,
            content: { 'application/json': { schema: schemas.input(body.schema), example: body.example } },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, responseOf(answer, schemas)])),
      ...Object.fromEntries(statusesOf(codes).map((status) => [status, refusalOf(status, codes)])),
    },
  };
}

function descriptionOf({ description }: Call, route: RouteRule | null): string {
  const scopes = route?.rule?.scopes ?? [];
  if (route?.rule === null) return `${description}\n\nNeeds no key.`;
  if (scopes.length === 0) return `${description}\n\nAny good key will do.`;
  return `${description}\n\nNeeds the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
}

function pathParameters({ path = {} }: Call): Json[] {
  return Object.entries(path).map(([name, { description, example }]) => ({
    name,
    in: 'path',
    required: true,
    description,
    example,
    schema: { type: 'string', minLength: 1 },
  }));
}

function queryParameters({ query, lists = {} }: Call, schemas: Schemas): Json[] {
  const { properties = {} } = (query === undefined ? {} : schemas.input(query)) as {
    properties?: Record<string, Json>;
  };
  const single = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    schema,
  }));
  const several = Object.entries(lists).map(([name, { description, maxItems, example }]) => ({
    name,
    in: 'query',
    description,
    explode: true,
    example,
    schema: { type: 'array', maxItems, items: { type: 'string' } },
  }));
  return [...single, ...several];
}

function headerParameters({ headers = [] }: Call): Json[] {
  return headers.map((name: HeaderName) => ({
    name,
    in: 'header',
    description: HEADERS[name],
    schema: { type: 'string' },
  }));
}

function responseOf({ description, headers = [], json, text }: CallAnswer, schemas: Schemas): Json {
  const names = ['X-Request-Id', ...headers];
  return {
    description,
    headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...(json === undefined
      ? {}
      : { content: { 'application/json': { schema: schemas.output(json.schema), example: json.example } } }),
    ...(text === undefined ? {} : { content: textsOf(text) }),
  };
}

function textsOf(text: Readonly<Record<string, string>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(text).map(([type, example]) => [type, { schema: { type: 'string' }, example }]),
  );
}

/** What a status means of this very call, by its codes. */
function refusalOf(status: number, codes: ReadonlySet<ProblemCode>): Json {
  const own = [...codes].filter((code) => PROBLEMS[code].status === status);
  const description = own.map((code) => `\`${code}\`: ${PROBLEMS[code].explanation}`).join('\n\n');
  return { $ref: `#/components/responses/Problem${status}`, description };
}

function answerHeaders(): Record<string, Json> {
  const all = { 'X-Request-Id': 'The id of the request, as it is in the log.', ...ANSWER_HEADERS };
  return Object.fromEntries(
    Object.entries(all).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}
