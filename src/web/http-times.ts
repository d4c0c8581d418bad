import type { FastifyInstance, FastifyReply, FastifyRequest, onSendHookHandler, RouteOptions } from 'fastify';
import { Buckets, SECONDS } from '../meters/buckets.js';
import type { Meters, Reading } from '../meters/meters.js';
import { keptTraceOf } from '../meters/traces.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds of the monotonic clock. */
    startedAtMs: number;
  }
}

/** Requests that no route took: their paths are anything, so they share one. */
const UNMATCHED = { method: 'any', url: 'unmatched' };

/** The times of one route, by the first digit of the status. */
class RouteTimes {
  readonly byClass: (Buckets | undefined)[] = [];

  note({ startedAtMs, span }: FastifyRequest, { statusCode }: FastifyReply): void {
    const status = Math.floor(statusCode / 100);
    const buckets = (this.byClass[status] ??= new Buckets(SECONDS));
    buckets.observe((performance.now() - startedAtMs) / 1_000, keptTraceOf(span));
  }
}

/**
 * How long answers take, by route, from the end of a request's head until its answer is sent. A part of each request, so
 * it is kept by hand: no label is looked up, and nothing is allocated.
 */
export class HttpTimes {
  private readonly routes: { readonly method: string; readonly url: string; readonly times: RouteTimes }[] = [];
  private readonly hooks = new WeakSet<object>();
  private readonly unmatched = this.timesOf(UNMATCHED.method, UNMATCHED.url);

  /** To be called before any route is added. */
  measure(server: FastifyInstance): void {
    server.decorateRequest('startedAtMs', 0);
    server.addHook('onRoute', (route) => this.measureRoute(route));
  }

  /** To be called by the first hook of every request: a hook of its own would cost more than the clock. */
  begin(request: FastifyRequest): void {
    request.startedAtMs = performance.now();
  }

  /** An answer to a request that no route took. */
  noteUnmatched(request: FastifyRequest, reply: FastifyReply): void {
    this.unmatched.note(request, reply);
  }

  addTo(meters: Meters): void {
    meters.add({
      kind: 'histogram',
      name: 'evercount_http_request_duration_seconds',
      help: 'From the end of the head of a request until its answer was sent, by route',
      read: () => this.readings(),
    });
  }

  private measureRoute(route: RouteOptions): void {
    const hooks = [route.onSend ?? []].flat();
    // Fastify makes the route of HEAD from that of GET, hooks and all.
    if (hooks.some((hook) => this.hooks.has(hook))) return;
    const times = this.timesOf([route.method].flat()[0] ?? UNMATCHED.method, route.url);
    const onSend: onSendHookHandler = (request, reply, _payload, done) => {
      times.note(request, reply);
      done();
    };
    this.hooks.add(onSend);
    route.onSend = [...hooks, onSend];
  }

  private timesOf(method: string, url: string): RouteTimes {
    const times = new RouteTimes();
    this.routes.push({ method, url, times });
    return times;
  }

  private readings(): Reading<Buckets>[] {
    return this.routes.flatMap(({ method, url, times }) =>
      times.byClass.flatMap((value, status) =>
        value === undefined ? [] : [{ labels: { method, route: url, status: `${status}xx` }, value }],
      ),
    );
  }
}
