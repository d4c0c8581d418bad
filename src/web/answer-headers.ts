import type { FastifyReply } from 'fastify';
import type { Allowance } from '../access/token-bucket.js';

/** What is not one of our pages runs nothing, fetches nothing and is shown in nobody's frame, whatever it is taken for. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/**
 * For the page to try the interface: all of it comes from here, and its styles alone are partly in its text. The pictures
 * in its style sheet are part of it.
 */
const DOCS = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const DOCS_PATH = /^\/docs(?:[/?]|$)/;

/**
 * What every answer tells a browser. A route may say more of its own: the dashboard has another policy.
 *
 * @param path of the request
 */
export function restrain(reply: FastifyReply, path: string): void {
  reply.header('x-content-type-options', 'nosniff');
  reply.header('content-security-policy', DOCS_PATH.test(path) ? DOCS : NO_PAGE);
}

/** What a session opened is its own: no cache in between may keep it for others, who would get it without one. */
export function keepPrivate(reply: FastifyReply): void {
  const given = reply.getHeader('cache-control');
  reply.header('cache-control', typeof given === 'string' ? `private, ${given}` : 'private, no-cache');
}

/** The headers of draft-ietf-httpapi-ratelimit-headers; a request with a key is told of the key's limit. */
export function tellAllowance(reply: FastifyReply, { policy, left, secondsToFull }: Allowance): void {
  const { name, quota, windowSeconds } = policy;
  reply.header('ratelimit-policy', `"${name}";q=${quota};w=${windowSeconds}`);
  reply.header('ratelimit', `"${name}";r=${left};t=${secondsToFull}`);
}

/** What `restrain` says, for answers that no route gives. */
export const RESTRAINED: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': NO_PAGE,
};
