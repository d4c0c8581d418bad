import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KeyOrigins } from '../access/key-origins.js';
import { routesOf } from './gate/route-rules.js';
import { RULES } from '../access/rules.js';
import type { Routes } from './routes.js';

/** How long a browser may remember the answer to a preflight: at most 10 minutes in Chromium up to version 75. */
const PREFLIGHT_SECONDS = 600;

const EXPOSED = [
  'Cache-Status',
  'Date',
  'ETag',
  'Idempotent-Replayed',
  'Link',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];

/** What a page may send along with a key of its own. */
const HEADERS_OF_KEYS = 'Authorization, Content-Type, Idempotency-Key, X-Request-Id';

/** Lets pages of these origins call the service; without any, no page but its own can. */
export async function allowOrigins(server: FastifyInstance, origins: readonly string[], routes: Routes): Promise<void> {
  if (origins.length === 0) return;
  // The plugin takes every OPTIONS for a preflight, and refuses those that are none in its own words.
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'OPTIONS' || isPreflight(request)) done();
    else done(routes.problemOf(request));
  });
  await server.register(cors, {
    // Of other origins some key may be: those the plugin leaves alone.
    origin: (origin, done) => done(null, origin !== undefined && origins.includes(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
  });
}

/**
 * Answers preflights of the calls that add, which a key for pages may make. They bring no key, so they are told what any
 * key allows; the call itself is held to its own.
 */
export function allowOriginsOfKeys(server: FastifyInstance, keys: KeyOrigins, routes: Routes): void {
  for (const url of routesOf(RULES.increment)) {
    server.options(url, async (request, reply) => {
      if (!isPreflight(request)) throw routes.problemOf(request);
      const { origin = '' } = request.headers;
      reply.code(204).header('vary', 'Origin');
      if (await keys.has(origin)) {
        reply
          .header('access-control-allow-origin', origin)
          .header('access-control-allow-methods', 'POST')
          .header('access-control-allow-headers', HEADERS_OF_KEYS)
          .header('access-control-max-age', PREFLIGHT_SECONDS);
      }
      return reply.send();
    });
  }
}

/** Lets the page that calls with a key for its origin see the answer. */
export function showToPage(reply: FastifyReply, origin: string): void {
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-expose-headers', EXPOSED.join(', '))
    .header('vary', 'Origin');
}

function isPreflight({ raw: { headers } }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
