import type { FastifyReply, FastifyRequest } from 'fastify';

const SESSION = /(?:^|;\s*)evercount_session=(es_[0-9a-z]{50})\s*(?:;|$)/;

/** The session a request brings, or null. */
export function sessionOf({ headers: { cookie } }: FastifyRequest): string | null {
  return cookie === undefined ? null : (SESSION.exec(cookie)?.[1] ?? null);
}

/** Whether a request brings a session, good or not. */
export function bringsSession(request: FastifyRequest): boolean {
  return sessionOf(request) !== null;
}

/**
 * Gives the browser a session to keep, or takes it away. No script can read it, and no other site's page makes the
 * browser send it.
 *
 * @param lifeMs 0 takes it away
 */
export function keepSession(request: FastifyRequest, reply: FastifyReply, session: string, lifeMs: number): void {
  const cookie = `evercount_session=${session}; Max-Age=${Math.floor(lifeMs / 1_000)}; Path=/; HttpOnly; SameSite=Strict`;
  // Over plain HTTP, as on loopback, a browser would not keep a secure one.
  reply.header('set-cookie', request.protocol === 'https' ? `${cookie}; Secure` : cookie);
}
