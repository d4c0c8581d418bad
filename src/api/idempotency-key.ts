import type { FastifyRequest } from 'fastify';
import type { IdempotencyKey } from '../domain/operation.js';
import { keyIn } from '../web/idempotency-key.js';

/** Whose idempotency keys a request brings: those of the API key with this id, '' where none is asked for. */
export function ownerOf({ grant }: FastifyRequest): string {
  return grant?.keyId ?? '';
}

/**
 * The key that a request brings, and whose it is; null: it brings none.
 *
 * @throws ProblemError `invalid_request`
 */
export function idempotencyKeyOf(request: FastifyRequest): IdempotencyKey | null {
  const key = keyIn(request);
  return key === null ? null : { owner: ownerOf(request), key };
}
