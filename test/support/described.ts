/** Holds every answer that a test gets to the document: what is not described there is not answered. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { CALLS } from '../../src/calls.js';
import { openApiDocument } from '../../src/web/openapi/document.js';

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

const PROBLEM = '#/components/schemas/Problem';

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(strictly(document) as Json, 'document');

const validators = new Map<Json | string, ValidateFunction>();

const faults: string[] = [];

// To some tests a call that fails is an answer that was lost.
if ('afterAll' in globalThis) afterAll(() => expect(faults).toEqual([]));

/** An answer, as far as it is looked at. */
export interface HeldAnswer {
  readonly status: number;
  readonly headers: {
    readonly 'x-request-id'?: string | string[] | undefined;
    readonly 'content-type'?: string | undefined;
    readonly 'content-encoding'?: string | undefined;
  };
  /** null: it was not read, as what a stream tells has no end. */
  readonly body: string | null;
}

/** How an answer is held to what is described. @throws where it is not */
export type Hold = (method: string, address: string, answer: HeldAnswer) => void;

/** @throws where an answer of the service is not as the document has it; the test fails by that also where it is caught */
export const holdToDocument: Hold = noting((method, address, { status, headers, body }) => {
  // Of a proxy, or of what is no service at all.
  if (headers['x-request-id'] === undefined || method === 'OPTIONS') return;
  const [path = ''] = address.split('?', 1);
  const operation = operations.find(
    (own) => own.method === (method === 'HEAD' ? 'GET' : method) && own.path.test(path),
  );
  const type = headers['content-type']?.split(';', 1)[0];
  const isNowhere = status === 404 && body?.includes('There is nothing at this path') === true;
  // Compressed by a proxy.
  if (headers['content-encoding'] !== undefined) return;
  if (operation === undefined || isNowhere) {
    // As the answer to HEAD is.
    if (body === '' || body === null) return;
    if (type === 'application/problem+json') holdBody(PROBLEM, body, `${method} ${path}`);
    return;
  }
  const described = operation.responses[status];
  const where = `${method} ${path} ${status}`;
  const told = body ?? '';
  // That a path does not take a method is no answer of a call.
  if (described === undefined) throw new Error(`The document has no ${where}: ${told}`);
  const { content } =
    described.$ref === undefined ? described : (document.components.responses[nameIn(described.$ref)] ?? described);
  if (body === '' && (content === undefined || method === 'HEAD')) return;
  const schema = content?.[type ?? '']?.schema;
  if (schema === undefined) throw new Error(`The document has no ${type ?? 'body'} for ${where}: ${told}`);
  if (type?.endsWith('json') !== true || body === null) return;
  holdBody(schema, body, where);
});

/** Of an edge: its calls are its own, and are refused as the service's are. */
export const holdRefusals: Hold = noting((method, address, { status, body }) => {
  if (status >= 400 && body !== null) holdBody(PROBLEM, body, `${method} ${address} ${status}`);
});

function noting(hold: Hold): Hold {
  return (...of) => {
    try {
      hold(...of);
    } catch (error) {
      faults.push(String(error));
      throw error;
    }
  };
}

function holdBody(schema: Json | string, body: string, where: string): void {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(
      typeof schema === 'string' ? { $ref: `document${schema}` } : (inDocument(strictly(schema)) as Json),
    );
    validators.set(schema, validate);
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
