import type { Scope } from '../../domain/scope.js';
import type { Action } from '../../access/traces.js';

/**
 * Which counters a request touches, and so how a key with a prefix is held to it.
 *
 * - `path`: the one named in the path.
 * - `names`, `increments`: those that the list of this name in the body names.
 * - `query`: those that `prefix` and any number of `name` in the query ask for; without either, all of them.
 * - `all`: every one there is, or the service itself; a key with a prefix is refused.
 * - `none`: none.
 */
export type Touches = 'path' | 'names' | 'increments' | 'query' | 'all' | 'none';

export interface RouteRule {
  /** What the key must allow: one scope, or any; `open` asks for no key. */
  readonly scope: Scope | 'any' | 'open';
  readonly touches: Touches;
  /** Probes are not: a flood of requests must not make an instance look dead. */
  readonly limited: boolean;
  /** The answer goes on and on: it ends when the key does. */
  readonly lasts: boolean;
  /** What each of its calls leaves a trace of; increments are too many for that. */
  readonly leaves: Action | null;
}

const rule = (scope: RouteRule['scope'], touches: Touches): RouteRule => ({
  scope,
  touches,
  limited: true,
  lasts: false,
  leaves: null,
});

const OPEN = rule('open', 'none');

const PROBE: RouteRule = { ...OPEN, limited: false };

/** Every route there is, by method and path as Fastify writes it. A route that is not in here is refused. */
export const ROUTE_RULES: ReadonlyMap<string, RouteRule> = new Map([
  ['GET /v1/counters', rule('read', 'query')],
  ['GET /v1/counters/:name', rule('read', 'path')],
  ['PUT /v1/counters/:name', { ...rule('write', 'path'), leaves: 'counter set' }],
  ['DELETE /v1/counters/:name', { ...rule('write', 'path'), leaves: 'counter deleted' }],
  ['POST /v1/counters/:name/increment', rule('write', 'path')],
  ['POST /v1/counters/:name/decrement', rule('write', 'path')],
  ['POST /v1/counters/:name/reset', { ...rule('write', 'path'), leaves: 'counter reset' }],
  ['POST /v1/reads', rule('read', 'names')],
  ['POST /v1/increments', rule('write', 'increments')],
  ['GET /v1/counters/:name/history', rule('read', 'path')],
  ['GET /v1/summary', rule('read', 'query')],
  ['GET /v1/top', rule('read', 'query')],
  ['GET /v1/stream', { ...rule('read', 'query'), lasts: true }],
  ['GET /v1/admin/cache', rule('admin', 'all')],
  ['POST /v1/admin/cache/flush', rule('admin', 'all')],
  ['POST /v1/admin/cache/rehydrate', rule('admin', 'all')],
  ['POST /v1/admin/cache/reconcile', rule('admin', 'all')],
  ['GET /v1/admin/jobs/:id', rule('admin', 'all')],
  ['GET /metrics', rule('read', 'all')],
  ['GET /v1/session', rule('any', 'none')],
  // It brings the key in its body, and looks at it itself.
  ['POST /v1/session', OPEN],
  // Ends what the cookie stands for, if anything.
  ['DELETE /v1/session', OPEN],
  ['GET /livez', PROBE],
  ['GET /readyz', PROBE],
  ['GET /openapi.json', OPEN],
  ['GET /problems/:code', OPEN],
  // A preflight, which browsers send without a key.
  ['OPTIONS *', OPEN],
  // The page: it has no counters in it, and asks for them with the session of whoever looks at it.
  ['GET /', OPEN],
]);

/** Below these paths lie files of the pages, and nothing else. */
const FILES = /^GET \/(docs|dashboard|assets)(\/|$)/;

/**
 * The rule of a route, null where there is none.
 *
 * @param method HEAD follows the rule of GET
 * @param url as Fastify writes it: `/v1/counters/:name`
 */
export function ruleOf(method: string, url: string): RouteRule | null {
  const route = `${method === 'HEAD' ? 'GET' : method} ${url}`;
  return ROUTE_RULES.get(route) ?? (FILES.test(route) ? OPEN : null);
}
