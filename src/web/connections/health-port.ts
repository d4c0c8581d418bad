import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { limitConnections } from '../../access/connection-limit.js';
import { RESTRAINED } from '../answer-headers.js';
import { answerClientError } from './client-errors.js';
import type { Connections } from './connections.js';
import {
  HEADERS_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  MAX_HEALTH_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
  STRANGER_KEEP_ALIVE_MS,
  TIMEOUT_CHECK_MS,
} from './limits.js';
import { PROBLEM_TYPE, ProblemError, problemJson } from '../problems/problem.js';
import { newRequestId } from '../request-id.js';

/** What is answered here; by the same routes, with the same keys, as on the port for everybody. */
const PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Probes and metrics on a port of their own: nobody who floods the other one is in their way. */
export class HealthPort {
  private readonly server: Server;

  constructor(
    private readonly routes: FastifyInstance,
    connections: Connections,
  ) {
    this.server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        keepAliveTimeout: STRANGER_KEEP_ALIVE_MS,
        requireHostHeader: false,
      },
      (request, response) => this.answer(request, response),
    );
    limitConnections(this.server, MAX_HEALTH_CONNECTIONS);
    this.server.on('clientError', (error, socket) => answerClientError(error, socket as Socket, routes.basePath));
    connections.watch(this.server);
  }

  /** The port, once it listens; null until then. */
  get port(): number | null {
    return (this.server.address() as AddressInfo | null)?.port ?? null;
  }

  /** @throws where the port is taken */
  async listen(host: string, port: number): Promise<void> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
  }

  /** To be called when the other port is drained: until then probes are told that the instance is ending. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (PATHS.has(path)) {
      this.routes.routing(request, response);
      return;
    }
    const requestId = newRequestId();
    const problem = new ProblemError('not_found', 'There is nothing at this path of this port.');
    response.writeHead(problem.status, {
      'content-type': PROBLEM_TYPE,
      'cache-control': 'no-cache',
      'x-request-id': requestId,
      ...RESTRAINED,
    });
    response.end(problemJson(problem, requestId, this.routes.basePath));
  }
}
