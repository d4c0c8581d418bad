import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import type { Logger as Pino } from 'pino';
import { firstKey } from './access/first-key.js';
import { Gate } from './web/gate/gate.js';
import { KeyOrigins } from './access/key-origins.js';
import { KeyAdministration } from './access/key-administration.js';
import { AppModule } from './app.module.js';
import type { AddressShares } from './access/address-shares.js';
import type { Config } from './config/config.js';
import { packageVersion } from './config/package-version.js';
import { CALLS } from './calls.js';
import { allowOrigins, allowOriginsOfKeys } from './web/cross-origin.js';
import { openApiDocument } from './web/openapi/document.js';
import { serveDocument } from './web/openapi/document-route.js';
import type { Routes } from './web/routes.js';
import type { Connections } from './web/connections/connections.js';
import type { HealthPort } from './web/connections/health-port.js';
import { ACCEPT_BACKLOG } from './web/connections/limits.js';
import { createServer, logRequests, refuseForeign } from './web/server.js';
import { NestLogger } from './logger.js';
import { Meters } from './meters/meters.js';
import { tracesOf } from './meters/trace-export.js';
import { RespService } from './resp/resp.service.js';

export interface App {
  readonly nest: NestFastifyApplication;
  /** Every path and its methods. */
  readonly routes: Routes;
  readonly connections: Connections;
  readonly shares: AddressShares;
  readonly resp: RespService;
  /** Null where none is wanted. */
  readonly healthPort: HealthPort | null;
  /** Made by this start, and to be shown to whoever started it; null at any later start. */
  readonly firstKey: string | null;
}

/** The whole service, ready to listen. Its servers must be reachable already. */
export async function createApp(config: Config, logger: Pino): Promise<App> {
  const traces = await tracesOf(config.traces, packageVersion());
  const { adapter, routes, times, problems, connections, shares, healthPort } = createServer(config, traces);
  const server: FastifyInstance = adapter.getInstance();
  if (logger.isLevelEnabled('debug')) logRequests(server, (line) => logger.debug({ ...traces.logged(), ...line }));
  const nest = await NestFactory.create<NestFastifyApplication>(AppModule.of(config, problems, traces), adapter, {
    logger: new NestLogger(logger, traces),
    // Ours reads JSON and nothing else.
    bodyParser: false,
    // A failed start is reported by whoever started it.
    abortOnError: false,
  });
  nest.useGlobalFilters(problems);
  times.addTo(nest.get(Meters));
  problems.refusals.addTo(nest.get(Meters));
  connections.addTo(nest.get(Meters));
  nest.get(Gate).guard(server, ({ raw }, reply) => connections.know(raw.socket, reply.raw));
  refuseForeign(server, config);
  server.addHook('preClose', () => nest.get(RespService).drain());
  await allowOrigins(server, config.http.corsOrigins, routes);
  if (config.access.auth === 'required') allowOriginsOfKeys(server, nest.get(KeyOrigins), routes);
  const document = openApiDocument(config.http.basePath, CALLS);
  serveDocument(server, document);
  SwaggerModule.setup('docs', nest, document, {
    raw: [],
    customSiteTitle: 'evercount',
    // Otherwise the page asks a validator on the internet.
    swaggerOptions: { validatorUrl: null },
  });
  await nest.init();
  // The process that commits has made it.
  const isWorker = config.process.role === 'worker';
  const newKey = isWorker ? null : await firstKey(config.access, nest.get(KeyAdministration));
  return { nest, routes, connections, shares, resp: nest.get(RespService), healthPort, firstKey: newKey };
}

/** Where a service listens. */
export interface Places extends AddressInfo {
  readonly healthPort: number | null;
  readonly respPort: number | null;
}

/** Listens, for requests first and then for probes: these must not find an instance ready that nobody can reach. */
export async function listen({ nest, resp, shares, healthPort }: App, { http }: Config): Promise<Places> {
  const { host, port } = http;
  await nest.listen({ host, port, backlog: ACCEPT_BACKLOG });
  await resp.listen(shares);
  if (http.healthPort !== null) await healthPort?.listen(host, http.healthPort);
  const place = nest.getHttpServer().address() as AddressInfo;
  return { ...place, healthPort: healthPort?.port ?? null, respPort: resp.port };
}
