import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/**
 * Nest's adapter, without the eight hooks it adds to every request: they serve Nest's middleware, its CORS, versions of
 * routes and the like, none of which this service uses, and each of them costs every request.
 */
export class NestAdapter extends FastifyAdapter {
  constructor(server: FastifyInstance) {
    const own = Object.getOwnPropertyDescriptor(server, 'addHook') ?? {};
    server.addHook = () => server;
    super(server);
    Object.defineProperty(server, 'addHook', own);
  }

  /** Nest's would add a plugin for middleware here, and with it another hook. */
  override init(): Promise<void> {
    return Promise.resolve();
  }
}
