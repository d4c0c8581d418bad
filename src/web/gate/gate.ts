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
import { Admission } from '../../access/admission.js';
import type { Credential } from '../../access/credential.js';
import { EVERYTHING, type Grant } from '../../access/grant.js';
import type { Use } from '../../access/known-keys.js';
import { LastingAnswers } from '../../access/lasting-answers.js';
import type { Cost } from '../../access/rate-limits.js';
import { type Rule, RULES } from '../../access/rules.js';
import type { Allowance } from '../../access/token-bucket.js';
import { type Action, ActionLog } from '../../access/action-log.js';
import { tellAllowance } from '../answer-headers.js';
import { showToPage } from '../cross-origin.js';
import { credentialOf, isMoreThanLooking } from './presented-credential.js';
import { holdBody, holdPath, holdQuery, itemsOf } from './requested-names.js';
import { type RouteRule, ruleOf, type Touches } from './route-rules.js';
import { WaitingRoom } from './waiting-room.js';

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
  private readonly hooks = new WeakSet<object>();
  private toldOfLetIn: (request: FastifyRequest, reply: FastifyReply) => void = () => undefined;

  constructor(
    private readonly admission: Admission,
    private readonly lasting: LastingAnswers,
    private readonly actionLog: ActionLog,
  ) {}

  /**
   * To be called before any route is added.
   *
   * @param letIn is told of each request whose caller is known now
   */
  guard(server: FastifyInstance, letIn: (request: FastifyRequest, reply: FastifyReply) => void): void {
    this.toldOfLetIn = letIn;
    server.decorateRequest('grant', null);
    const { admission } = this;
    server.decorateRequest('charge', function (this: FastifyRequest, cost) {
      admission.charge(this.grant, this.ip, cost);
    });
    server.decorateRequest('isOfSession', false);
    new WaitingRoom(admission).open(server);
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
    const asked = rule?.rule ?? null;
    if (rule === null || asked === null || methodOf(route) === 'GET') return;
    const preHandler: preHandlerHookHandler = (request, _reply, done) =>
      proceed(() => this.beginBody(rule.touches, asked, request), done);
    route.preHandler = [preHandler, ...listOf(route.preHandler)];
    const { logged } = asked;
    if (logged === null) return;
    // Not when the answer is out: who hangs up before that has done it all the same.
    const onSend: onSendHookHandler = (request, reply, _payload, done) => {
      this.logAction(logged, request, reply);
      done();
    };
    route.onSend = [onSend, ...listOf(route.onSend)];
  }

  /** @returns null where the request was let in at once */
  private begin(route: RouteRule | null, request: FastifyRequest, reply: FastifyReply): Promise<void> | null {
    const { admission } = this;
    const isOpen = route !== null && route.rule === null;
    if (isOpen || !admission.asksForKeys) {
      if (route?.limited !== false) tell(reply, admission.knock(request.ip));
      if (!isOpen) this.letIn(route, EVERYTHING, null, request, reply);
      return null;
    }
    const use = route?.rule?.use ?? 'write';
    const credential = attempt(() => credentialOf(request));
    const grant = credential instanceof Error ? null : admission.recall(credential, use, request.ip);
    if (grant === null) tell(reply, admission.knock(request.ip));
    if (credential instanceof Error) throw credential;
    if (grant === null) return this.look(route, use, credential, request, reply);
    this.letIn(route, grant, credential, request, reply);
    return null;
  }

  private async look(
    route: RouteRule | null,
    use: Use,
    credential: Credential,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const grant = await this.admission.look(credential, use, request.ip);
    this.letIn(route, grant, credential, request, reply);
  }

  /**
   * @throws Forbidden
   * @throws RateLimited
   */
  private letIn(
    route: RouteRule | null,
    grant: Grant,
    credential: Credential | null,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    request.isOfSession = credential?.isSession === true;
    const rule = route?.rule ?? RULES.unheardOf;
    // What a session opens is for the service's own pages.
    const { origin = null } = request.headers;
    if (origin !== null && grant.origins.includes(origin)) showToPage(reply, origin);
    tell(reply, this.admission.enter(rule, grant, origin));
    if (route !== null && grant.prefix !== '') holdNames(route.touches, grant, request);
    request.grant = grant;
    this.toldOfLetIn(request, reply);
    if (rule === RULES.operate && isMoreThanLooking(request)) this.note(grant, request);
    if (route?.lasts === true && credential !== null) {
      reply.raw.once(
        'close',
        this.lasting.watch(credential, () => reply.raw.destroy()),
      );
    }
  }

  /**
   * The body has arrived, and that may have taken its time: the key must be good by now too.
   *
   * @returns null where it was let in at once
   */
  private beginBody(touches: Touches, { use }: Rule, request: FastifyRequest): Promise<void> | null {
    const { grant, body } = request;
    if (grant === null || body === undefined) return null;
    if (touches === 'names' || touches === 'increments') this.admitItems(touches, grant, request);
    if (grant === EVERYTHING) return null;
    const looking = this.admission.confirm(credentialOf(request), use, request.ip);
    return looking === null ? null : looking.then(() => undefined);
  }

  private admitItems(list: 'names' | 'increments', grant: Grant, request: FastifyRequest): void {
    const { body } = request;
    if (grant.prefix !== '') holdBody(grant, body, list);
    request.charge({ items: itemsOf(body, list).length });
  }

  private logAction(action: Action, { grant, ip, id, params }: FastifyRequest, reply: FastifyReply): void {
    const { statusCode: status } = reply;
    // A replay changes nothing. Of 503 it may not be known whether it was done.
    if (grant === null || (status >= 300 && status !== 503) || reply.hasHeader('idempotent-replayed')) return;
    const who = { keyId: grant.keyId, address: ip, requestId: id, ...subjectOf(params, reply) };
    this.actionLog.add(action, status === 503 ? { ...who, outcome: 'unknown' } : who);
  }

  /** Who did what to the service: for whoever has to find out later. */
  private note({ keyId }: Grant, { id, ip: address, method, url }: FastifyRequest): void {
    this.logger.log({ msg: 'admin action', keyId, address, method, path: url.split('?', 1)[0], requestId: id });
  }
}

/** What it was done to: a counter by its name, or a watch by its id, which where it was just made is the end of its place. */
function subjectOf(params: unknown, reply: FastifyReply): { readonly counter?: string; readonly watch?: string } {
  const { name, id } = params as { readonly name?: string; readonly id?: string };
  if (name !== undefined) return { counter: name };
  const place = reply.getHeader('location');
  const watch = id ?? (typeof place === 'string' ? place.split('/').at(-1) : undefined);
  return watch === undefined ? {} : { watch };
}

function tell(reply: FastifyReply, allowance: Allowance | null): void {
  if (allowance !== null) tellAllowance(reply, allowance);
}

/** @throws Forbidden */
function holdNames(touches: Touches, grant: Grant, request: FastifyRequest): void {
  switch (touches) {
    case 'path':
      holdPath(grant, request);
      return;
    case 'query':
      holdQuery(grant, request);
      return;
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

function methodOf({ method }: RouteOptions): string {
  return [method].flat()[0] ?? '';
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : ([hooks].flat() as T[]);
}
