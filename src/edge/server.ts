import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { EdgeSettings } from '../config/edge.js';
import { TEXT_FORMAT } from '../meters/text-format.js';
import { Traces } from '../meters/traces.js';
import { bodyOf } from '../web/bodies/validation.js';
import { explanationOf } from '../web/problems/explanation.js';
import { ProblemError } from '../web/problems/problem.js';
import { hasQuery, pairsOf, refuseQuery } from '../web/query.js';
import { createServer, refuseForeign, type Server } from '../web/server.js';
import { addCounting, needsConnection } from './calls.js';
import type { Edge } from './edge.js';
import { isSame } from './local-key.js';
import { PAGE, PAGE_POLICY } from './page.js';
import { IdsBody, ResyncBody } from './shapes.js';

/** What the service has, and an edge cannot decide. */
const ELSEWHERE: readonly (readonly [method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string])[] = [
  ['PUT', '/v1/counters/:name'],
  ['DELETE', '/v1/counters/:name'],
  ['POST', '/v1/counters/:name/reset'],
  ['GET', '/v1/counters'],
  ['GET', '/v1/counters/:name/history'],
  ['GET', '/v1/counters/:name/forecast'],
  ['GET', '/v1/history'],
  ['GET', '/v1/top'],
  ['GET', '/v1/summary'],
  ['GET', '/v1/tree'],
  ['GET', '/v1/stream'],
];

/** What anybody may ask for without the local key. */
const OPEN: ReadonlySet<string> = new Set(['/livez', '/readyz', '/', '/problems/:code']);

/** On each port; further ones are closed at once. */
export const MAX_CONNECTIONS = 10_000;

/** Of one shop, behind one address. */
const CONNECTIONS_PER_ADDRESS = 1_000;

const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1'];

/** The HTTP side of an edge: the same calls as the service's, as far as they can be decided here. */
export function edgeServer(edge: Edge, settings: EdgeSettings, metrics: () => Promise<string>): Server {
  const { host, port, allowedHosts, localKey } = settings;
  const http = {
    host,
    port,
    allowedHosts,
    corsOrigins: [],
    basePath: '',
    trustedProxies: [],
    healthPort: null,
    maxConnections: MAX_CONNECTIONS,
    connectionsPerAddress: CONNECTIONS_PER_ADDRESS,
    trustedNetworks: LOOPBACK_NETWORKS,
    embedAncestors: [],
  };
  const access = {
    auth: localKey === null ? 'off' : 'required',
    adminKey: null,
    rateLimit: false,
    perKeyPerSecond: 0,
    perAddressPerSecond: 0,
    namesPerKey: 0,
  } as const;
  const made = createServer({ http, access }, new Traces(null));
  const server: FastifyInstance = made.adapter.getInstance();
  const { problems, routes } = made;
  server.decorateRequest('grant', null);
  server.decorateRequest('charge', () => undefined);
  server.decorateRequest('isOfSession', false);
  server.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
  server.setNotFoundHandler((request, reply) => problems.answer(routes.problemOf(request), request, reply));
  refuseForeign(server, { http, access });
  if (localKey !== null) askForKey(server, localKey);
  server.addHook('preHandler', (request, _reply, done) => {
    const fault = faultOfQuery(request);
    if (fault === null) done();
    else done(fault);
  });
  addCounting(server, edge);
  addOperating(server, edge);
  for (const [method, url] of ELSEWHERE) server.route({ method, url, handler: needsConnection });
  server.get('/livez', (_request, reply) => reply.send({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const { disk } = edge.file;
    const upstream = edge.file.row.state !== 'open' ? 'stopped' : edge.courier.contact.fault === null ? 'ok' : 'away';
    if (disk === null) return reply.send({ status: 'ok', upstream });
    return reply.code(503).send({ status: 'unavailable', disk, upstream });
  });
  server.get('/metrics', async (_request, reply) => reply.header('content-type', TEXT_FORMAT).send(await metrics()));
  server.get<{ Params: { code: string } }>('/problems/:code', ({ params }, reply) =>
    reply.header('content-type', 'text/html; charset=utf-8').send(explanationOf(params.code)),
  );
  server.get('/', (_request, reply) =>
    reply.header('content-security-policy', PAGE_POLICY).header('content-type', 'text/html; charset=utf-8').send(PAGE),
  );
  return made;
}

/** No call of an edge takes query parameters, and none may pass for heeded: a typo must not count as 1. */
function faultOfQuery(request: FastifyRequest): Error | null {
  const { url } = request.routeOptions;
  if (url?.startsWith('/v1/') !== true || !hasQuery(request)) return null;
  if (ELSEWHERE.some((call) => call[0] === request.method && call[1] === url)) return null;
  try {
    if (pairsOf(request).some(([name]) => name === 'consistency')) needsConnection();
    refuseQuery(request);
    return null;
  } catch (error) {
    return error as Error;
  }
}

function askForKey(server: FastifyInstance, key: string): void {
  const wanted = Buffer.from(`Bearer ${key}`);
  server.addHook('onRequest', (request, _reply, done) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (isSame(given, wanted) || OPEN.has(request.routeOptions.url ?? '')) done();
    else done(new ProblemError('unauthorized', 'This edge asks for its local key.', { authenticate: 'Bearer' }));
  });
}

/** What `evercount edge` and the page ask for. */
function addOperating(server: FastifyInstance, edge: Edge): void {
  const { refusals, courier } = edge;
  server.get('/v1/edge', (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ ...edge.status, refusedItems: refusals.list() }),
  );
  server.post('/v1/edge/retry', (request, reply) => {
    const retried = refusals.retry(bodyOf(IdsBody, request).ids ?? null);
    courier.hurry();
    return reply.send({ retried });
  });
  server.post('/v1/edge/drop', (request, reply) =>
    reply.send({ dropped: refusals.drop(bodyOf(IdsBody, request).ids ?? null) }),
  );
  server.post('/v1/edge/resync', async (request, reply) => {
    const fault = await courier.resync(bodyOf(ResyncBody, request).newIdentity);
    if (fault !== null) throw new ProblemError('needs_connection', `Nothing was changed: ${fault}.`);
    return reply.send(edge.status);
  });
}
