/** Holds every answer that a test gets to the document: what is not described there is not answered. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { CALLS } from '../../src/calls.js';
import { openApiDocument } from '../../src/web/openapi/document.js';
import type { HttpAnswer } from './http.js';

type Json = Record<string, unknown>;

interface Described {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
}

interface Operation {
  readonly path: RegExp;
  readonly method: string;
  readonly responses: Readonly<Record<string, Described & { readonly $ref?: string }>>;
}

const document = openApiDocument('', CALLS) as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'path' | 'method'>>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Described>> };
};

/** The service may be mounted below a path. */
const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { responses }]) => ({
    path: new RegExp(`^(?:/[\\w-]+)*?${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    method: method.toUpperCase(),
    responses,
  })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(strictly(document) as Json, 'document');

const validators = new Map<string, ValidateFunction>();

/** @throws where an answer of the service is not as the document has it */
export function holdToDocument(method: string, address: string, answer: HttpAnswer): void {
  // Of a proxy, or of what is no service at all.
  if (answer.headers['x-request-id'] === undefined || method === 'OPTIONS') return;
  const [path = ''] = address.split('?', 1);
  const operation = operations.find(
    (own) => own.method === (method === 'HEAD' ? 'GET' : method) && own.path.test(path),
  );
  const type = answer.headers['content-type']?.split(';', 1)[0];
  const isNowhere = answer.status === 404 && answer.body.includes('There is nothing at this path');
  // Compressed by a proxy.
  if (answer.headers['content-encoding'] !== undefined) return;
  if (operation === undefined || isNowhere) {
    // As the answer to HEAD is.
    if (answer.body === '') return;
    if (type === 'application/problem+json') holdBody('#/components/schemas/Problem', answer.body, `${method} ${path}`);
    return;
  }
  const described = operation.responses[answer.status];
  const where = `${method} ${path} ${answer.status}`;
  // That a path does not take a method is no answer of a call.
  if (described === undefined) throw new Error(`The document has no ${where}: ${answer.body}`);
  const { content } =
    described.$ref === undefined ? described : (document.components.responses[nameIn(described.$ref)] ?? described);
  if (answer.body === '') return;
  const schema = content?.[type ?? '']?.schema;
  if (schema === undefined) throw new Error(`The document has no ${type ?? 'body'} for ${where}: ${answer.body}`);
  if (type?.endsWith('json') !== true) return;
  holdBody(schema, answer.body, where);
}

function holdBody(schema: Json | string, body: string, where: string): void {
  const key = typeof schema === 'string' ? schema : JSON.stringify(schema);
  let validate = validators.get(key);
  if (validate === undefined) {
    validate = ajv.compile(
      typeof schema === 'string' ? { $ref: `document${schema}` } : (inDocument(strictly(schema)) as Json),
    );
    validators.set(key, validate);
  }
  if (!validate(JSON.parse(body))) {
    throw new Error(`${where} is not as the document has it: ${ajv.errorsText(validate.errors)}\n${body}`);
  }
}

const nameIn = (ref: string): string => ref.split('/').at(-1) ?? '';

/** Clients must bear members that they do not know; the service answers none that are not described. */
function strictly(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(strictly);
  if (typeof part !== 'object' || part === null) return part;
  const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, strictly(value)]));
  return 'properties' in inner && 'type' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}

function inDocument(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(inDocument);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key, key === '$ref' ? `document${String(value)}` : inDocument(value)]),
  );
}
