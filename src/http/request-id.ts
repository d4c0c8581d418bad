import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Long enough for any tracing id, short enough for a log line; printable, since it goes into headers and logs. */
const REQUEST_ID = /^[\x20-\x7e]{1,128}$/;

/** The id a request brings in `X-Request-Id`, where it is 1 to 128 printable ASCII characters; else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
