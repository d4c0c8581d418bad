import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MAX_NAME_BYTES } from '../../domain/operands.js';
import { type BodyFault, ProblemError, refuse } from '../problems/problem.js';

/** Faults told of one body: enough to mend it, and an answer that does not outgrow its request. */
const MAX_FAULTS = 10;

/**
 * The body of a request in the shape of a schema; one that is not there counts as `{}`.
 *
 * @throws ProblemError `invalid_request` with a pointer to each fault; `too_large` where a list has too many items
 */
export function bodyOf<S extends z.ZodType>(schema: S, request: FastifyRequest): z.output<S> {
  const parsed = schema.safeParse(request.body === undefined ? {} : request.body);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  for (const issue of issues) {
    if (issue.code === 'too_big' && issue.origin === 'array') throw new ProblemError('too_large', issue.message);
  }
  const errors = issues.flatMap(faultsOf).slice(0, MAX_FAULTS);
  const [first] = errors;
  const detail = first === undefined ? 'The body is invalid.' : `${first.pointer || 'The body'} ${first.detail}.`;
  throw new ProblemError('invalid_request', detail, { errors });
}

function faultsOf(issue: z.core.$ZodIssue): BodyFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerTo(issue.path), detail: issue.message }];
  // The name of an unknown field is repeated only where it is not longer than any name should be.
  return issue.keys.map((key) => ({
    pointer: pointerTo(key.length > MAX_NAME_BYTES ? issue.path : [...issue.path, key]),
    detail: key.length > MAX_NAME_BYTES ? 'has a field that is not known here' : 'is not known here',
  }));
}

function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Whether there may be query parameters; nearly always there are none, and then nothing need be parsed. */
export function hasQuery(request: FastifyRequest): boolean {
  return request.raw.url?.includes('?') ?? false;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * The query parameters of a request.
 *
 * @throws ProblemError `invalid_request` for one that is there twice and for broken percent-encoding
 */
export function parametersOf(request: FastifyRequest): ReadonlyMap<string, string> {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  if (at === -1) return NOTHING;
  const parameters = new Map<string, string>();
  for (const pair of url.slice(at + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    if (parameters.has(name)) refuse('A query parameter is there twice.');
    parameters.set(name, equals === -1 ? '' : decoded(pair.slice(equals + 1)));
  }
  return parameters;
}

/**
 * The query parameters in the shape of a schema.
 *
 * @throws ProblemError `invalid_request` for an unknown one too: a typo must not pass for the default
 */
export function queryOf<S extends z.ZodType>(schema: S, request: FastifyRequest): z.output<S> {
  const parsed = schema.safeParse(Object.fromEntries(parametersOf(request)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined || issue.code === 'unrecognized_keys') refuse('The query has a parameter not known here.');
  refuse(`The query parameter "${issue.path.map(String).join('.')}" ${issue.message}.`);
}

/** @throws ProblemError `invalid_request` where a call that takes no query parameters is given one */
export function refuseQuery(request: FastifyRequest): void {
  if (parametersOf(request).size > 0) refuse('This call takes no query parameters; arguments belong into the body.');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    refuse('The query is not valid percent-encoded UTF-8.');
  }
}
