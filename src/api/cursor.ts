import { faultOfName } from '../domain/operands.js';
import { refuse } from '../web/problems/problem.js';

/** Opaque to clients: the last name of a page. */
export function cursorOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

/** @throws ProblemError `invalid_request` where it was not made here */
export function nameOfCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString();
  // Decoding skips what it does not know; only what encodes back was made here.
  if (cursorOf(name) !== cursor || faultOfName(name) !== null) {
    refuse('The query parameter "cursor" must be nextCursor of the page before.');
  }
  return name;
}
