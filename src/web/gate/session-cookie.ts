import type { FastifyReply, FastifyRequest } from 'fastify';
import { Unauthorized } from '../../access/errors.js';

const NAME = 'evercount_session';

const SESSION = /^es_[0-9a-z]{50}$/;

/**
 * By https the browser itself sees to it that nobody but this host could set the cookie: no page of a sibling domain, and
 * none that came by plain HTTP. Below a path the cookie is for that path alone, and then it sees to the latter only.
 */
function nameFor({ protocol, server: { basePath } }: FastifyRequest): string {
  if (protocol !== 'https') return NAME;
  return basePath === '' ? `__Host-${NAME}` : `__Secure-${NAME}`;
}

/** All the sessions a request brings: of several, some were put there by somebody else. */
function sessionsOf(request: FastifyRequest): string[] {
  const { cookie } = request.raw.headers;
  if (cookie === undefined || !cookie.includes(NAME)) return [];
  const begin = `${nameFor(request)}=`;
  const pairs = cookie.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(begin)).map((pair) => pair.slice(begin.length));
}

/**
 * The session a request brings, or null.
 *
 * @throws Unauthorized where it brings more than one: which of them is its own, nobody can tell
 */
export function sessionOf(request: FastifyRequest): string | null {
  const [session, ...more] = sessionsOf(request);
  if (more.length > 0)
    throw new Unauthorized('There are two cookies of a session: remove those of this site, and sign in.');
  return session !== undefined && SESSION.test(session) ? session : null;
}

/** Whether a request brings a session, good or not. */
export function bringsSession(request: FastifyRequest): boolean {
  return sessionsOf(request).length > 0;
}

/** Two are one too many already; who sends dozens does so to make work. */
const MOST_ENDED = 4;

/** Those that have the form of a session, each once, and no more than a browser could have come by. */
export function endableSessionsOf(request: FastifyRequest): Set<string> {
  return new Set(
    sessionsOf(request)
      .slice(0, MOST_ENDED)
      .filter((session) => SESSION.test(session)),
  );
}

/**
 * Gives the browser a session to keep, or takes it away. No script can read it, and no other site's page makes the
 * browser send it.
 *
 * @param lifeMs 0 takes it away
 */
export function keepSession(request: FastifyRequest, reply: FastifyReply, session: string, lifeMs: number): void {
  const { basePath } = request.server;
  const life = `Max-Age=${Math.floor(lifeMs / 1_000)}; Path=${basePath === '' ? '/' : basePath}`;
  const cookie = `${nameFor(request)}=${session}; ${life}; HttpOnly; SameSite=Strict`;
  // Over plain HTTP, as on loopback, a browser would not keep a secure one.
  reply.header('set-cookie', request.protocol === 'https' ? `${cookie}; Secure` : cookie);
}
