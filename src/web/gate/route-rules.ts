import { type Rule, RULES } from '../../access/rules.js';

/**
 * Where a request says which counters it touches.
 *
 * - `path`: the one named in the path.
 * - `names`, `increments`: those that the list of this name in the body names.
 * - `query`: those that `prefix` and any number of `name` in the query ask for; without either, all of them.
 * - `none`: nowhere; it touches none, or everything.
 */
export type Touches = 'path' | 'names' | 'increments' | 'query' | 'none';

export interface RouteRule {
  /** What it asks for; null: what anybody may have, without a key. */
  readonly rule: Rule | null;
  readonly touches: Touches;
  /** Probes are not: a flood of requests must not make an instance look dead. */
  readonly limited: boolean;
  /** The answer goes on and on: it ends when the key does. */
  readonly lasts: boolean;
}

const route = (rule: Rule | null, touches: Touches): RouteRule => ({ rule, touches, limited: true, lasts: false });

const OPEN = route(null, 'none');

const PROBE: RouteRule = { ...OPEN, limited: false };

/** Every route there is, by method and path as Fastify writes it, and what it asks for. One that is not in here is refused. */
export const ROUTE_RULES: ReadonlyMap<string, RouteRule> = new Map([
  ['GET /v1/counters', route(RULES.read, 'query')],
  ['GET /v1/counters/:name', route(RULES.read, 'path')],
  ['PUT /v1/counters/:name', route(RULES.set, 'path')],
  ['DELETE /v1/counters/:name', route(RULES.delete, 'path')],
  ['POST /v1/counters/:name/increment', route(RULES.increment, 'path')],
  ['POST /v1/counters/:name/decrement', route(RULES.increment, 'path')],
  ['POST /v1/counters/:name/reset', route(RULES.reset, 'path')],
  ['POST /v1/reads', route(RULES.read, 'names')],
  ['POST /v1/increments', route(RULES.increment, 'increments')],
  // A name outside the key's prefix is refused alone; see the call.
  ['POST /v1/edges/:id/deliveries', route(RULES.deliver, 'none')],
  ['GET /v1/edges/:id', route(RULES.deliver, 'none')],
  ['GET /v1/counters/:name/history', route(RULES.read, 'path')],
  ['GET /v1/counters/:name/forecast', route(RULES.read, 'path')],
  ['GET /v1/history', route(RULES.read, 'query')],
  ['GET /v1/tree', route(RULES.read, 'query')],
  ['GET /v1/summary', route(RULES.read, 'query')],
  ['GET /v1/top', route(RULES.read, 'query')],
  ['GET /v1/watches', route(RULES.read, 'query')],
  ['POST /v1/watches', route(RULES.watch, 'none')],
  ['GET /v1/watches/:id', route(RULES.read, 'none')],
  ['PUT /v1/watches/:id', route(RULES.watchOtherwise, 'none')],
  ['PATCH /v1/watches/:id', route(RULES.watchOtherwise, 'none')],
  ['DELETE /v1/watches/:id', route(RULES.watchNoMore, 'none')],
  ['GET /v1/watches/:id/turns', route(RULES.read, 'none')],
  ['GET /v1/webhooks', route(RULES.inspect, 'none')],
  ['POST /v1/webhooks', route(RULES.operate, 'none')],
  ['GET /v1/webhooks/:id', route(RULES.inspect, 'none')],
  ['PATCH /v1/webhooks/:id', route(RULES.operate, 'none')],
  ['DELETE /v1/webhooks/:id', route(RULES.operate, 'none')],
  ['POST /v1/webhooks/:id/rotate', route(RULES.operate, 'none')],
  ['POST /v1/webhooks/:id/test', route(RULES.operate, 'none')],
  ['GET /v1/webhooks/:id/deliveries', route(RULES.inspect, 'none')],
  ['POST /v1/webhooks/:id/deliveries/:delivery/send', route(RULES.operate, 'none')],
  ['GET /v1/stream', { ...route(RULES.read, 'query'), lasts: true }],
  ['GET /v1/admin/cache', route(RULES.inspect, 'none')],
  ['POST /v1/admin/cache/flush', route(RULES.operate, 'none')],
  ['POST /v1/admin/cache/rehydrate', route(RULES.operate, 'none')],
  ['POST /v1/admin/cache/reconcile', route(RULES.operate, 'none')],
  ['POST /v1/admin/drill', route(RULES.operate, 'none')],
  ['GET /v1/admin/jobs/:id', route(RULES.inspect, 'none')],
  ['GET /v1/audit', route(RULES.inspect, 'none')],
  ['GET /v1/events', route(RULES.inspect, 'none')],
  ['GET /v1/timeline', route(RULES.inspect, 'none')],
  ['GET /v1/keys', route(RULES.inspect, 'none')],
  ['GET /v1/keys/:id', route(RULES.inspect, 'none')],
  ['POST /v1/keys', route(RULES.operate, 'none')],
  ['PATCH /v1/keys/:id', route(RULES.operate, 'none')],
  ['DELETE /v1/keys/:id', route(RULES.operate, 'none')],
  ['POST /v1/keys/:id/rotate', route(RULES.operate, 'none')],
  ['GET /v1/links', route(RULES.inspect, 'none')],
  ['POST /v1/links', route(RULES.operate, 'none')],
  ['DELETE /v1/links', route(RULES.operate, 'none')],
  ['DELETE /v1/links/:id', route(RULES.operate, 'none')],
  // Its name ends with .svg, so it looks at the name itself.
  ['GET /badge/:name', route(RULES.read, 'none')],
  ['GET /embed/:name', route(RULES.read, 'path')],
  ['GET /metrics', route(RULES.measure, 'none')],
  ['GET /v1/session', route(RULES.ownRights, 'none')],
  // It brings the key in its body, and looks at it itself.
  ['POST /v1/session', OPEN],
  // Ends what the cookie stands for, if anything.
  ['DELETE /v1/session', OPEN],
  ['GET /livez', PROBE],
  ['GET /readyz', PROBE],
  ['GET /openapi.json', OPEN],
  ['GET /problems/:code', OPEN],
  // The page: it has no counters in it, and asks for them with the session of whoever looks at it.
  ['GET /', OPEN],
]);

/** The paths of the routes, as Fastify writes them, that ask for what a rule is about. */
export function routesOf(rule: Rule): string[] {
  return [...ROUTE_RULES].filter(([, own]) => own.rule === rule).map(([key]) => key.split(' ')[1] ?? '');
}

/** Below these paths lie files of the pages, and nothing else. */
const FILES = /^GET \/(docs|dashboard|assets)(\/|$)/;

/**
 * The rule of a route, null where there is none.
 *
 * @param method HEAD follows the rule of GET
 * @param url as Fastify writes it: `/v1/counters/:name`
 */
export function ruleOf(method: string, url: string): RouteRule | null {
  // A preflight, which browsers send without a key.
  if (method === 'OPTIONS') return OPEN;
  const key = `${method === 'HEAD' ? 'GET' : method} ${url}`;
  return ROUTE_RULES.get(key) ?? (FILES.test(key) ? OPEN : null);
}
