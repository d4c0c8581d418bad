import { z } from 'zod';
import type { RouteRule } from '../gate/route-rules.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';
import type { Call } from './call.js';
import type { Json, Schemas } from './schemas.js';

/** A problem document as every refusal is one. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'A path on this service that opens the explanation.' }),
    title: z.string(),
    status: z.int().meta({ minimum: 400, maximum: 599 }),
    detail: z.string().meta({ description: 'What is wrong with this very request, in a sentence.' }),
    code: z.enum(Object.keys(PROBLEMS) as ProblemCode[]),
    instance: z.string().meta({ description: 'The id of the request.' }),
    errors: z
      .array(z.object({ pointer: z.string().meta({ description: 'A JSON pointer (RFC 6901).' }), detail: z.string() }))
      .optional()
      .meta({ description: 'The faults of a body.' }),
  })
  .meta({ id: 'Problem' });

/** Whatever is asked for can be refused so. */
const OF_EVERY_CALL: readonly ProblemCode[] = [
  'invalid_request',
  'timeout',
  'misdirected',
  'headers_too_large',
  'internal',
  'unavailable',
];

const OF_LIMITED: readonly ProblemCode[] = ['rate_limited'];
const OF_KEYED: readonly ProblemCode[] = ['unauthorized', 'forbidden'];
const OF_BODIES: readonly ProblemCode[] = ['too_large', 'unsupported_media_type'];
const OF_PATHS: readonly ProblemCode[] = ['uri_too_long'];

/** Every code that a call can be refused with. */
export function codesOf({ path, route: route_, refusals = [] }: Call, route: RouteRule | null): Set<ProblemCode> {
  const changes = !route_.startsWith('GET ');
  return new Set([
    ...OF_EVERY_CALL,
    ...(route?.limited === false ? [] : OF_LIMITED),
    ...(route?.rule === null && !changes ? [] : OF_KEYED),
    ...(changes ? OF_BODIES : []),
    ...(path === undefined ? [] : OF_PATHS),
    ...refusals,
  ]);
}

/** The statuses of some problems, each once, rising. */
export function statusesOf(codes: ReadonlySet<ProblemCode>): number[] {
  return [...new Set([...codes].map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
}

/** A response for each status of the problems that calls can be refused with, by its name in the document: `Problem404`. */
export function problemResponses(schemas: Schemas, used: ReadonlySet<ProblemCode>): Record<string, Json> {
  const schema = schemas.output(Problem);
  const responses: Record<string, Json> = {};
  for (const status of statusesOf(used)) {
    const [code] = [...used].filter((own) => PROBLEMS[own].status === status);
    if (code === undefined) continue;
    const { title, explanation } = PROBLEMS[code];
    const example = { type: `/problems/${code}`, title, status, detail: explanation, code, instance: 'req-1' };
    responses[`Problem${status}`] = {
      description: title,
      headers: {
        'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' },
        ...(MAY_RETRY.has(status)
          ? {
              'Retry-After': { description: 'When to try again, in seconds.', schema: { type: 'integer', minimum: 1 } },
            }
          : {}),
      },
      content: { 'application/problem+json': { schema, example } },
    };
  }
  return responses;
}

const MAY_RETRY: ReadonlySet<number> = new Set([409, 429, 503]);
