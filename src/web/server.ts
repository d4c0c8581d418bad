import type { Socket } from 'node:net';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { AddressShares } from '../access/address-shares.js';
import { limitConnections } from '../access/connection-limit.js';
import { ForeignPages } from './gate/foreign-pages.js';
import { trusting } from '../access/trusted-proxies.js';
import type { Config } from '../config/config.js';
import { keepPrivate, restrain } from './answer-headers.js';
import { answerClientError, refuseTunnel } from './connections/client-errors.js';
import { ConnectionTurns } from './connections/connection-turns.js';
import { Connections } from './connections/connections.js';
import { Drain } from './connections/drain.js';
import { HealthPort } from './connections/health-port.js';
import { HttpTimes } from './http-times.js';
import { readJsonBodies } from './bodies/json-body.js';
import {
  BODY_BYTES,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  MAX_PARAM_LENGTH,
  MAX_REQUESTS_IN_A_ROW,
  MAX_REQUESTS_PER_CONNECTION,
  REQUEST_TIMEOUT_MS,
  TIMEOUT_CHECK_MS,
} from './connections/limits.js';
import { NestAdapter } from './nest-adapter.js';
import { ProblemError } from './problems/problem.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { requestIdOf } from './request-id.js';
import type { Traces } from '../meters/traces.js';
import { traceRequests } from './traced-requests.js';
import { PREFLIGHTS, Routes } from './routes.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Where a proxy mounts the service, without a slash at the end; '' at the root. */
    basePath: string;
  }
}

/** The HTTP server, not yet listening, with what must hold for every request to it. */
export interface Server {
  readonly adapter: NestAdapter;
  readonly routes: Routes;
  readonly times: HttpTimes;
  readonly problems: ProblemFilter;
  readonly connections: Connections;
  /** What each address holds of connections, for ports of other protocols too. */
  readonly shares: AddressShares;
  /** Null where none is wanted. */
  readonly healthPort: HealthPort | null;
}

/** Nothing is routed yet: whoever asks for the server adds that. */
export function createServer({ http: settings, access }: Pick<Config, 'http' | 'access'>, traces: Traces): Server {
  const { basePath } = settings;
  const routes = new Routes();
  const times = new HttpTimes();
  const problems = new ProblemFilter(routes, times);
  const turns = new ConnectionTurns(MAX_REQUESTS_PER_CONNECTION, access.rateLimit ? MAX_REQUESTS_IN_A_ROW : Infinity);
  const server = fastify({
    // Fastify would make a logger for each request; requests are logged by a hook, and only at level debug.
    logger: false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    bodyLimit: BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // Node's own refusal is no problem document; see the hook below.
      requireHostHeader: false,
    },
    trustProxy: settings.trustedProxies.length > 0 ? trusting(settings.trustedProxies) : false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // While connections are drained, requests on them are answered; Fastify adds `Connection: close`.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => problems.answer(error, request, reply),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, basePath),
    rewriteUrl: ({ url = '/' }) => withinBase(url, basePath),
  });
  limitConnections(server.server, settings.maxConnections);
  const shares = new AddressShares(settings.connectionsPerAddress, settings.trustedNetworks);
  const connections = new Connections(shares);
  connections.watch(server.server);
  const healthPort = settings.healthPort === null ? null : new HealthPort(server, connections);
  // Node would answer 417 without a body; what is expected beyond 100-continue may be ignored.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));

  // Node would hang up without a word.
  server.server.on('connect', (_request, socket) => refuseTunnel(socket as Socket, basePath));

  server.decorate('basePath', basePath);
  server.decorateRequest('span', null);
  if (traces.areOn) traceRequests(server, traces);
  times.measure(server);
  readJsonBodies(server);
  server.addHook('onRoute', (route) => {
    routes.add(route.url, route.method);
    // It is there before Nest says how errors are answered.
    if (route.url === PREFLIGHTS) {
      route.errorHandler = (error, request, reply) => problems.answer(error, request, reply);
    }
    const bodyBytes = bodyBytesOf(route.config);
    if (bodyBytes !== undefined) route.bodyLimit = bodyBytes;
  });
  server.decorateRequest('turn', 0);
  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    // Who hung up before anybody looked has no address, by which all that follows goes, and waits for no answer.
    if (socket.remoteAddress === undefined) {
      reply.hijack();
      socket.destroy();
      return;
    }
    const begun = turns.begin(request);
    if (begun !== 'begun') {
      reply.hijack();
      if (begun === 'too many') connections.cutHasty(socket);
      return;
    }
    times.begin(request);
    connections.began(socket, reply.raw);
    reply.header('x-request-id', request.id);
    restrain(reply, request.raw.url ?? '');
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (request.isOfSession) keepPrivate(reply);
    turns.end(request, reply);
    done();
  });
  const drain = new Drain(server.server);
  server.addHook('preClose', async () => {
    await drain.run();
    healthPort?.close();
  });
  return { adapter: new NestAdapter(server), routes, times, problems, connections, shares, healthPort };
}

/** Refuses requests that no client of ours makes. To be called before any route is added. */
export function refuseForeign(server: FastifyInstance, { http, access }: Pick<Config, 'http' | 'access'>): void {
  const foreign = new ForeignPages(http, access);
  server.addHook('onRequest', (request, _reply, done) => {
    const fault = faultOf(request, foreign);
    if (fault === null) done();
    else done(fault);
  });
}

/** Logs each request; costs more than the smallest request itself. */
export function logRequests(server: FastifyInstance, log: (line: Record<string, unknown>) => void): void {
  server.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    log({ msg: 'request', requestId: request.id, method, url, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
}

/** The address within the service. A proxy may send the path where it is mounted along, or leave it out. */
function withinBase(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

function faultOf(request: FastifyRequest, foreign: ForeignPages): Error | null {
  if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') {
    return new ProblemError('invalid_request', 'The Host header is missing.');
  }
  if (namesHostTwice(request.raw.rawHeaders)) {
    return new ProblemError('invalid_request', 'The Host header is there twice.');
  }
  try {
    foreign.refuse(request);
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Node takes the first; what stands before us may have gone by another one. @param rawHeaders names and values in turns */
function namesHostTwice(rawHeaders: readonly string[]): boolean {
  let found = 0;
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place];
    if (name?.length === 4 && name.toLowerCase() === 'host') found += 1;
  }
  return found > 1;
}

function bodyBytesOf(config: object | undefined): number | undefined {
  return config !== undefined && 'bodyBytes' in config && typeof config.bodyBytes === 'number'
    ? config.bodyBytes
    : undefined;
}
