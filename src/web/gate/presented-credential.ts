import type { FastifyRequest } from 'fastify';
import type { Credential } from '../../access/credential.js';
import { Forbidden, Unauthorized } from '../../access/errors.js';
import { isOwnOrigin } from './origin.js';
import { bringsSession, sessionOf } from './session-cookie.js';

/** How the keys of this service begin; that of its configuration may begin in any way. */
const isApiKey = (text: string): boolean => text.startsWith('ec_');

const BEARER = /^bearer +(\S+)$/i;

/**
 * What a request brings: a link in its address, a key in its header, or the session of a browser. Beside a session an `Authorization` that is no
 * key of ours is that of a proxy in front, for which the browser sends it along.
 *
 * @throws Unauthorized where it brings neither
 * @throws Forbidden where another site's page makes use of the session
 */
export function credentialOf(request: FastifyRequest): Credential {
  const link = linkOf(request);
  if (link !== null) return { text: link, isSession: false, isLink: true };
  const { authorization, origin } = request.headers;
  const key = authorization === undefined ? null : (BEARER.exec(authorization)?.[1] ?? null);
  if (key !== null && (isApiKey(key) || !bringsSession(request))) return { text: key, isSession: false };
  const session = sessionOf(request);
  if (session === null && authorization !== undefined) {
    throw new Unauthorized('The Authorization header must be "Bearer" and an API key.');
  }
  if (session === null) throw new Unauthorized('This call needs an API key: "Authorization: Bearer ec_…".');
  if (isMoreThanLooking(request) && !isOwnOrigin(origin, request.host)) {
    throw new Forbidden("A session may be used by this service's own pages only.");
  }
  return { text: session, isSession: true };
}

/** What may be shown where no header can be sent: in a picture, or a frame. */
const SHOWN = /^\/(?:badge|embed)\//;

/** The link that a request brings, in its address; null: none. It is good for what may be shown alone. */
function linkOf({ raw: { url = '' } }: FastifyRequest): string | null {
  const at = url.indexOf('?');
  if (at === -1 || !SHOWN.test(url)) return null;
  return new URLSearchParams(url.slice(at + 1)).get('link');
}

/** Whether a request may change something, by its method. */
export function isMoreThanLooking({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
