import { Injectable, Logger } from '@nestjs/common';
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import { AccessSettings } from '../config/config.js';
import { Forbidden, Unauthorized } from './errors.js';
import { EVERYTHING, type Grant } from './grant.js';
import { KnownKeys } from './known-keys.js';
import { isOwnOrigin } from './origin.js';
import { holdBody, holdName, holdQuery } from './requested-names.js';
import { type RouteRule, ruleOf } from './route-rules.js';
import { sessionOf } from './session-cookie.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What whoever makes the request may do; null on routes that ask for no key. */
    grant: Grant | null;
  }
}

const BEARER = /^bearer +(\S+)$/i;

/** Lets a request through to its route, or not. Every route of the server passes here, whoever handles it. */
@Injectable()
export class Gate {
  private readonly logger = new Logger('access');
  private readonly isOpen: boolean;
  private readonly hooks = new WeakSet<object>();

  constructor(
    { auth }: AccessSettings,
    private readonly keys: KnownKeys,
  ) {
    this.isOpen = auth === 'off';
  }

  /** To be called before any route is added. */
  guard(server: FastifyInstance): void {
    server.decorateRequest('grant', null);
    server.addHook('onRoute', (route) => this.guardRoute(route));
  }

  /** Hooks of the route itself run after those of the server: so refusals carry the headers that every answer has. */
  private guardRoute(route: RouteOptions): void {
    // Fastify makes the route of HEAD from that of GET, hooks and all.
    if (listOf(route.onRequest).some((hook) => this.hooks.has(hook))) return;
    const rule = ruleOf([route.method].flat()[0] ?? '', route.url);
    const onRequest: onRequestHookHandler = (request, reply, done) => this.admit(rule, request, reply, done);
    this.hooks.add(onRequest);
    route.onRequest = [onRequest, ...listOf(route.onRequest)];
    const touches = rule?.touches;
    if (touches !== 'names' && touches !== 'increments') return;
    const preHandler: preHandlerHookHandler = (request, _reply, done) => {
      try {
        const { grant } = request;
        if (grant !== null && grant.prefix !== '') holdBody(grant, request.body, touches);
        done();
      } catch (error) {
        done(error as Error);
      }
    };
    route.preHandler = [preHandler, ...listOf(route.preHandler)];
  }

  private admit(
    rule: RouteRule | null,
    request: FastifyRequest,
    _reply: FastifyReply,
    done: HookHandlerDoneFunction,
  ): void {
    try {
      if (rule?.scope === 'open') {
        done();
        return;
      }
      const known = this.isOpen ? EVERYTHING : this.recall(request);
      if (known === null) {
        this.look(request).then(
          (grant) => this.finish(rule, grant, request, done),
          (error: unknown) => done(error as Error),
        );
        return;
      }
      this.finish(rule, known, request, done);
    } catch (error) {
      done(error as Error);
    }
  }

  /** Calls `done` once, whatever is thrown. */
  private finish(rule: RouteRule | null, grant: Grant, request: FastifyRequest, done: HookHandlerDoneFunction): void {
    try {
      hold(rule, grant, request);
      request.grant = grant;
      if (rule?.scope === 'admin' && isMoreThanLooking(request)) this.note(grant, request);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }

  /** Who did what to the service: for whoever has to find out later. */
  private note({ keyId }: Grant, { id, method, url }: FastifyRequest): void {
    this.logger.log({ msg: 'admin action', keyId, method, path: url.split('?', 1)[0], requestId: id });
  }

  private recall(request: FastifyRequest): Grant | null {
    const { text, isSession } = credentialOf(request);
    return this.keys.recall(text, isSession);
  }

  private async look(request: FastifyRequest): Promise<Grant> {
    const { text, isSession } = credentialOf(request);
    return isSession ? this.keys.lookAtSession(text) : this.keys.look(text);
  }
}

/** @throws Forbidden */
function hold(rule: RouteRule | null, grant: Grant, request: FastifyRequest): void {
  if (rule === null) {
    if (grant === EVERYTHING) return;
    throw new Forbidden('Nobody has said who may call this.');
  }
  const { scope, touches } = rule;
  if (scope !== 'any' && scope !== 'open' && !grant.scopes.has(scope)) {
    throw new Forbidden(`The key does not have the scope "${scope}".`);
  }
  if (grant.prefix === '') return;
  switch (touches) {
    case 'path':
      holdName(grant, (request.params as { name?: unknown }).name);
      return;
    case 'query':
      holdQuery(grant, request);
      return;
    case 'all':
      throw new Forbidden('This is about all counters, and the key is for those with its prefix.');
    // The body has not arrived yet.
    case 'names':
    case 'increments':
    case 'none':
      return;
  }
}

interface Credential {
  readonly text: string;
  readonly isSession: boolean;
}

/**
 * What the request brings: a key in its header, or the session of a browser.
 *
 * @throws Unauthorized where it brings neither
 * @throws Forbidden where another site's page makes use of the session
 */
function credentialOf(request: FastifyRequest): Credential {
  const { authorization, origin } = request.headers;
  if (authorization !== undefined) {
    const key = BEARER.exec(authorization)?.[1];
    if (key === undefined) throw new Unauthorized('The Authorization header must be "Bearer" and an API key.');
    return { text: key, isSession: false };
  }
  const session = sessionOf(request);
  if (session === null) throw new Unauthorized('This call needs an API key: "Authorization: Bearer ec_…".');
  if (isMoreThanLooking(request) && !isOwnOrigin(origin, request.host)) {
    throw new Forbidden("A session may be used by this service's own pages only.");
  }
  return { text: session, isSession: true };
}

const isMoreThanLooking = ({ method }: FastifyRequest): boolean => method !== 'GET' && method !== 'HEAD';

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : ([hooks].flat() as T[]);
}
