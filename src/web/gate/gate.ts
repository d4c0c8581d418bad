import { Injectable, Logger } from '@nestjs/common';
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  onSendHookHandler,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import { AccessSettings } from '../../config/config.js';
import type { Credential } from '../../access/credential.js';
import { credentialOf, isMoreThanLooking } from './presented-credential.js';
import { Forbidden } from '../../access/errors.js';
import { EVERYTHING, type Grant, holderOf } from '../../access/grant.js';
import { KnownKeys, type Use } from '../../access/known-keys.js';
import { LastingAnswers } from '../../access/lasting-answers.js';
import { Looks } from '../../access/looks.js';
import { type Cost, RateLimits } from '../../access/rate-limits.js';
import { holdBody, holdName, holdQuery, itemsOf } from './requested-names.js';
import { type RouteRule, ruleOf } from './route-rules.js';
import { type Action, Traces } from '../../access/traces.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What whoever makes the request may do; null on routes that ask for no key. */
    grant: Grant | null;
    /** Takes from the limit of whoever makes the request, its key or else its address, what it costs beside itself. */
    charge: (cost: Cost) => void;
    /** Whether it was let in by the session of a browser. */
    isOfSession: boolean;
  }
}

/** Lets a request through to its route, or not. Every route of the server passes here, whoever handles it. */
@Injectable()
export class Gate {
  private readonly logger = new Logger('access');
  private readonly asksForKeys: boolean;
  private readonly hooks = new WeakSet<object>();
  private toldOfLetIn: (request: FastifyRequest, reply: FastifyReply) => void = () => undefined;

  constructor(
    { auth }: AccessSettings,
    private readonly keys: KnownKeys,
    private readonly looks: Looks,
    private readonly limits: RateLimits,
    private readonly lasting: LastingAnswers,
    private readonly traces: Traces,
  ) {
    this.asksForKeys = auth === 'required';
  }

  /**
   * To be called before any route is added.
   *
   * @param letIn is told of each request whose caller is known now
   */
  guard(server: FastifyInstance, letIn: (request: FastifyRequest, reply: FastifyReply) => void): void {
    this.toldOfLetIn = letIn;
    server.decorateRequest('grant', null);
    const charge = (request: FastifyRequest, cost: Cost): void => this.charge(request, cost);
    server.decorateRequest('charge', function (this: FastifyRequest, cost) {
      charge(this, cost);
    });
    server.decorateRequest('isOfSession', false);
    server.addHook('onRoute', (route) => this.guardRoute(route));
  }

  /** Hooks of the route itself run after those of the server: so refusals carry the headers that every answer has. */
  private guardRoute(route: RouteOptions): void {
    // Fastify makes the route of HEAD from that of GET, hooks and all.
    if (listOf(route.onRequest).some((hook) => this.hooks.has(hook))) return;
    const rule = ruleOf(methodOf(route), route.url);
    const onRequest: onRequestHookHandler = (request, reply, done) =>
      proceed(() => this.begin(rule, request, reply), done);
    this.hooks.add(onRequest);
    route.onRequest = [onRequest, ...listOf(route.onRequest)];
    if (rule === null || rule.scope === 'open' || methodOf(route) === 'GET') return;
    const preHandler: preHandlerHookHandler = (request, _reply, done) =>
      proceed(() => this.beginBody(rule, request), done);
    route.preHandler = [preHandler, ...listOf(route.preHandler)];
    const { leaves } = rule;
    if (leaves === null) return;
    // Not when the answer is out: who hangs up before that has done it all the same.
    const onSend: onSendHookHandler = (request, reply, _payload, done) => {
      this.leaveTrace(leaves, request, reply);
      done();
    };
    route.onSend = [onSend, ...listOf(route.onSend)];
  }

  /** @returns null where the request was let in at once */
  private begin(rule: RouteRule | null, request: FastifyRequest, reply: FastifyReply): Promise<void> | null {
    const limits = this.limits.isOn && rule?.limited !== false ? this.limits : null;
    if (rule?.scope === 'open' || !this.asksForKeys) {
      limits?.takeForStranger(request.ip, reply);
      if (rule?.scope !== 'open') this.letIn(rule, EVERYTHING, null, request, reply);
      return null;
    }
    const credential = attempt(() => credentialOf(request));
    const grant = credential instanceof Error ? null : this.keys.recall(credential, useOf(rule?.scope, request));
    if (grant === null) limits?.takeForStranger(request.ip, reply);
    if (credential instanceof Error) throw credential;
    if (grant === null) return this.look(rule, credential, request, reply);
    limits?.takeForKnown(request.ip, reply);
    this.letIn(rule, grant, credential, request, reply);
    return null;
  }

  private async look(
    rule: RouteRule | null,
    credential: Credential,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const grant = await this.looks.at(credential, useOf(rule?.scope, request), request.ip);
    this.letIn(rule, grant, credential, request, reply);
  }

  /**
   * @throws Forbidden
   * @throws RateLimited
   */
  private letIn(
    rule: RouteRule | null,
    grant: Grant,
    credential: Credential | null,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    request.isOfSession = credential?.isSession === true;
    if (this.limits.isOn && grant !== EVERYTHING) this.limits.takeForKey(grant.keyId, reply);
    hold(rule, grant, request);
    request.grant = grant;
    this.toldOfLetIn(request, reply);
    if (rule?.scope === 'admin' && isMoreThanLooking(request)) this.note(grant, request);
    if (rule?.lasts === true && credential !== null) this.lasting.watch(reply.raw, credential);
  }

  /**
   * The body has arrived, and that may have taken its time: the key must be good by now too.
   *
   * @returns null where it was let in at once
   */
  private beginBody({ touches, scope }: RouteRule, request: FastifyRequest): Promise<void> | null {
    const { grant, body } = request;
    if (grant === null || body === undefined) return null;
    if (touches === 'names' || touches === 'increments') this.admitItems(touches, grant, request);
    if (grant === EVERYTHING) return null;
    const credential = credentialOf(request);
    const use = useOf(scope, request);
    if (this.keys.recall(credential, use) !== null) return null;
    return this.looks.at(credential, use, request.ip).then(() => undefined);
  }

  private admitItems(list: 'names' | 'increments', grant: Grant, request: FastifyRequest): void {
    const { body } = request;
    if (grant.prefix !== '') holdBody(grant, body, list);
    request.charge({ items: itemsOf(body, list).length });
  }

  private charge({ grant, ip }: FastifyRequest, cost: Cost): void {
    if (!this.limits.isOn) return;
    this.limits.charge(holderOf(grant), ip, cost);
  }

  private leaveTrace(action: Action, { grant, ip, id, params }: FastifyRequest, reply: FastifyReply): void {
    const { statusCode: status } = reply;
    // A replay changes nothing. Of 503 it may not be known whether it was done.
    if (grant === null || (status >= 300 && status !== 503) || reply.hasHeader('idempotent-replayed')) return;
    const { name: counter } = params as { name?: unknown };
    const trace = { keyId: grant.keyId, address: ip, requestId: id, counter };
    this.traces.leave(action, status === 503 ? { ...trace, status } : trace);
  }

  /** Who did what to the service: for whoever has to find out later. */
  private note({ keyId }: Grant, { id, method, url }: FastifyRequest): void {
    this.logger.log({ msg: 'admin action', keyId, method, path: url.split('?', 1)[0], requestId: id });
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

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** Calls `done` once: at once for a key that is known, else when it was looked up. */
function proceed(begin: () => Promise<void> | null, done: HookHandlerDoneFunction): void {
  let looking: Promise<void> | null;
  try {
    looking = begin();
  } catch (error) {
    done(error as Error);
    return;
  }
  if (looking === null) done();
  else {
    looking.then(
      () => done(),
      (error: unknown) => done(error as Error),
    );
  }
}

/** What asks for many at once by a body only reads all the same. */
function useOf(scope: RouteRule['scope'] | undefined, request: FastifyRequest): Use {
  return scope === 'read' || !isMoreThanLooking(request) ? 'read' : 'write';
}

function methodOf({ method }: RouteOptions): string {
  return [method].flat()[0] ?? '';
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : ([hooks].flat() as T[]);
}
