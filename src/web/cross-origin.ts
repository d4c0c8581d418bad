import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Routes } from './routes.js';

/** How long a browser may remember the answer to a preflight: at most 10 minutes in Chromium up to version 75. */
const PREFLIGHT_SECONDS = 600;

/** Lets pages of these origins call the service; without any, no page but its own can. */
export async function allowOrigins(server: FastifyInstance, origins: readonly string[], routes: Routes): Promise<void> {
  if (origins.length === 0) return;
  // The plugin takes every OPTIONS for a preflight, and refuses those that are none in its own words.
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'OPTIONS' || isPreflight(request)) done();
    else done(routes.problemOf(request));
  });
  await server.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: [
      'Cache-Status',
      'Date',
      'ETag',
      'Idempotent-Replayed',
      'Link',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
    ],
    maxAge: PREFLIGHT_SECONDS,
  });
}

function isPreflight({ raw: { headers } }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
