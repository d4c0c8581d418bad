import { type Span, SpanStatusCode } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Traces } from '../meters/traces.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nothing is traced. */
    span: Span | null;
  }
}

/** Asked for every few seconds by machines, which trace nothing. */
const UNTRACED = new Set(['/livez', '/readyz', '/metrics']);

/**
 * A span for each request, named and described by OpenTelemetry's conventions for HTTP servers. To be called before any
 * other hook is added, so that what they log belongs to it.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
export function traceRequests(server: FastifyInstance, traces: Traces): void {
  server.addHook('onRequest', (request, _reply, done) => {
    request.span = beginSpan(request, traces);
    traces.in(request.span, done);
  });
  // Once more: what reads a body goes on in the context of its socket.
  server.addHook('preValidation', (request, _reply, done) => traces.in(request.span, done));
  server.addHook('onResponse', (request, reply, done) => {
    const { span } = request;
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

function beginSpan(request: FastifyRequest, traces: Traces): Span | null {
  const { method, headers, url } = request;
  const route = request.routeOptions.url;
  if (route !== undefined && UNTRACED.has(route)) return null;
  return traces.beginRequest(route === undefined ? method : `${method} ${route}`, headers, {
    'http.request.method': method,
    ...(route === undefined ? {} : { 'http.route': route }),
    'url.path': url.split('?')[0] ?? url,
    'url.scheme': request.protocol,
    'client.address': request.ip,
    ...(headers['user-agent'] === undefined ? {} : { 'user_agent.original': headers['user-agent'] }),
  });
}
