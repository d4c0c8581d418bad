import type { FastifyRequest } from 'fastify';
import { actorOf } from '../access/actor.js';
import type { Actor } from '../domain/deed.js';

/** By whom what a request asks for is written down to have been done. */
export function requesterOf({ grant, isOfSession, ip, id }: FastifyRequest): Actor {
  return actorOf(grant, { via: 'http', address: ip, requestId: id }, isOfSession);
}
