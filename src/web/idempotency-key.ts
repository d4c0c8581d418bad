import type { FastifyRequest } from 'fastify';
import { IDEMPOTENCY_KEY } from '../domain/operands.js';
import { refuse } from './problems/problem.js';

/** A string of RFC 9651: quoted, with `\"` and `\\` for the two characters that need it. */
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/;

/**
 * The key in `Idempotency-Key`, bare or quoted (both name the same key); null: there is none.
 *
 * @throws ProblemError `invalid_request` for a key that is empty, longer than 255, not printable ASCII, or there twice
 */
export function keyIn({ headers, raw }: FastifyRequest): string | null {
  const header = headers['idempotency-key'];
  if (header === undefined) return null;
  // Node joins what came twice with ", ", which a key may hold too.
  const twice = header.includes(', ') && (raw.headersDistinct['idempotency-key']?.length ?? 0) > 1;
  const key = typeof header === 'string' && !twice ? unquoted(header) : null;
  if (key === null || !IDEMPOTENCY_KEY.test(key)) {
    refuse('Idempotency-Key must be one key of 1 to 255 printable ASCII characters, bare or quoted.');
  }
  return key;
}

function unquoted(header: string): string | null {
  if (!header.startsWith('"')) return header;
  return QUOTED.test(header) ? header.slice(1, -1).replace(/\\(["\\])/g, '$1') : null;
}
