import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';

/**
 * `GET /openapi.json`, written once: it is open to strangers, and Nest would write its hundreds of kilobytes anew for
 * each of them.
 */
export function serveDocument(server: FastifyInstance, document: OpenAPIObject): void {
  const json = Buffer.from(JSON.stringify(document));
  server.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
}
