import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Long enough for any tracing id, short enough for a log line; printable, since it goes into headers and logs. */
const REQUEST_ID = /^[\x20-\x7e]{1,128}$/;

/** 72 random bits for this process, then a number for each request: as unique as a random id each, and cheaper. */
const PREFIX = randomBytes(9).toString('base64url');
let made = 0;

/** The id a request brings in `X-Request-Id`, where it is 1 to 128 printable ASCII characters; else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId();
}

/** For requests that are broken before their headers could be read, too. */
export function newRequestId(): string {
  made += 1;
  return `${PREFIX}-${made}`;
}
