import type { FastifyRequest } from 'fastify';
import { faultOfName } from '../domain/operands.js';
import { ProblemError, refuse } from './problems/problem.js';

/** A request whose path names a counter. */
export type Named = FastifyRequest<{ Params: { name: string } }>;

/**
 * The name of the counter in the path.
 *
 * @throws ProblemError `invalid_request`
 */
export function nameOf(request: FastifyRequest): string {
  const { name } = (request as Named).params;
  // The router takes `/v1/counters/` for a counter without a name.
  if (name === '') throw new ProblemError('not_found', 'There is nothing at this path.');
  const fault = faultOfName(name);
  if (fault !== null) refuse(`The name ${fault}.`);
  return name;
}
