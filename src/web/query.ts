import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { refuse } from './problems/problem.js';

/** Whether there may be query parameters; nearly always there are none, and then nothing need be parsed. */
export function hasQuery(request: FastifyRequest): boolean {
  return request.raw.url?.includes('?') ?? false;
}

type Pair = readonly [name: string, value: string];

const NOTHING: readonly Pair[] = [];

/**
 * The query parameters of a request in order, each as often as it is there.
 *
 * @throws ProblemError `invalid_request` for broken percent-encoding
 */
export function pairsOf(request: FastifyRequest): readonly Pair[] {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  if (at === -1) return NOTHING;
  const pairs: Pair[] = [];
  for (const pair of url.slice(at + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    pairs.push([name, equals === -1 ? '' : decoded(pair.slice(equals + 1))]);
  }
  return pairs;
}

/**
 * The query parameters in the shape of a schema.
 *
 * @param list the one that may be there several times, and so is a list; null: none may
 * @throws ProblemError `invalid_request` for an unknown one and for one that is there twice, too: a typo must not pass for
 * the default
 */
export function queryOf<S extends z.ZodType>(
  schema: S,
  request: FastifyRequest,
  list: string | null = null,
): z.output<S> {
  const pairs = pairsOf(request);
  const single = pairs.filter(([name]) => name !== list);
  const parameters = new Map<string, string | string[]>(single);
  if (parameters.size < single.length) refuse('A query parameter is there twice.');
  if (list !== null)
    parameters.set(
      list,
      pairs.flatMap(([name, value]) => (name === list ? [value] : [])),
    );
  const parsed = schema.safeParse(Object.fromEntries(parameters));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined || issue.code === 'unrecognized_keys') refuseUnknown();
  refuse(`The query parameter "${issue.path.map(String).join('.')}" ${issue.message}.`);
}

/** @throws ProblemError `invalid_request` */
export function refuseUnknown(): never {
  refuse('The query has a parameter not known here.');
}

/** @throws ProblemError `invalid_request` where a call that takes no query parameters is given one */
export function refuseQuery(request: FastifyRequest): void {
  if (pairsOf(request).length > 0) refuse('This call takes no query parameters; arguments belong into the body.');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    refuse('The query is not valid percent-encoded UTF-8.');
  }
}

/**
 * What would not be heeded is refused: calls like this are not remembered by an idempotency key, which would keep a
 * secret.
 */
export function refuseArguments(request: FastifyRequest): void {
  refuseQuery(request);
  if (request.headers['idempotency-key'] !== undefined) refuse('Idempotency-Key is taken by writes of counters only.');
}
