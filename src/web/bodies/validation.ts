import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MAX_ITEMS, MAX_NAME_BYTES } from '../../domain/operands.js';
import { type BodyFault, ProblemError } from '../problems/problem.js';
import { NoBody } from '../shapes.js';

/** Faults told of one body: enough to mend it, and an answer that does not outgrow its request. */
const MAX_FAULTS = 10;

/**
 * The body of a request in the shape of a schema; one that is not there counts as `{}`.
 *
 * @throws ProblemError `invalid_request` with a pointer to each fault; `too_large` where a list has too many items
 */
export function bodyOf<S extends z.ZodType>(schema: S, request: Pick<FastifyRequest, 'body'>): z.output<S> {
  const { body = {} } = request;
  refuseLongLists(body);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const errors = issues.flatMap(faultsOf).slice(0, MAX_FAULTS);
  const [first] = errors;
  const detail = first === undefined ? 'The body is invalid.' : `${first.pointer || 'The body'} ${first.detail}.`;
  throw new ProblemError('invalid_request', detail, { errors });
}

/** Before each of its items is looked at: their faults would be thousands. */
function refuseLongLists(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  for (const list of Object.values(body) as unknown[]) {
    if (Array.isArray(list) && list.length > MAX_ITEMS) {
      throw new ProblemError('too_large', `There may be at most ${MAX_ITEMS} items.`);
    }
  }
}

function faultsOf(issue: z.core.$ZodIssue): BodyFault[] {
  if (issue.code === 'invalid_union') {
    const meant = meantBy(issue);
    if (meant !== null) return meant.flatMap((one) => faultsOf({ ...one, path: [...issue.path, ...one.path] }));
  }
  if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerTo(issue.path), detail: issue.message }];
  // The name of an unknown field is repeated only where it is not longer than any name should be.
  return issue.keys.map((key) => ({
    pointer: pointerTo(key.length > MAX_NAME_BYTES ? issue.path : [...issue.path, key]),
    detail: key.length > MAX_NAME_BYTES ? 'has a field that is not known here' : 'is not known here',
  }));
}

/** What is wrong with the one alternative whose members these are: others say no more than that it is none of them. */
function meantBy({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | null {
  const [meant, ...others] = errors.filter((issues) => issues.every(({ path }) => path.length > 0));
  return meant === undefined || others.length > 0 ? null : meant;
}

function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** @throws ProblemError `invalid_request` where a call that takes no arguments is given one: it would not be heeded */
export function refuseBody(request: FastifyRequest): void {
  bodyOf(NoBody, request);
}
