import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Forbidden, RateLimited, Unauthorized } from '../../access/errors.js';
import { UnfitKey } from '../../access/key-wish.js';
import {
  KeyInProgress,
  KeyReused,
  NotEnoughHistory,
  OutcomeUnknown,
  Unavailable,
  UnfitWish,
} from '../../domain/errors.js';
import { restrain, tellAllowance } from '../answer-headers.js';
import type { HttpTimes } from '../http-times.js';
import { PROBLEMS, PROBLEM_TYPE, type ProblemCode, ProblemError, problemJson } from './problem.js';
import { OutageLog } from './outage-log.js';
import { RefusalLog } from './refusal-log.js';
import type { Routes } from '../routes.js';

/** The first request with the key is decided within moments. */
const IN_PROGRESS_RETRY_AFTER_SECONDS = 1;

/** What Nest, Fastify and Node refuse by themselves is told by its status; the texts are ours. */
const CODE_OF_STATUS: ReadonlyMap<number, ProblemCode> = new Map<number, ProblemCode>([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [408, 'timeout'],
  [413, 'too_large'],
  [414, 'uri_too_long'],
  [415, 'unsupported_media_type'],
  [421, 'misdirected'],
  [429, 'rate_limited'],
  [431, 'headers_too_large'],
  [503, 'unavailable'],
]);

const DETAIL_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [400, 'The request cannot be read: its path, its headers or its body are broken.'],
  [404, 'There is nothing at this path.'],
  [413, 'The body is longer than this call takes.'],
  [414, 'A part of the path is longer than any name of a counter can be.'],
  [415, 'The body must be JSON, with "Content-Type: application/json".'],
]);

/** Turns whatever was thrown into what the client is told of it; what is not known here is `internal`. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof Unavailable) {
    return new ProblemError('unavailable', error.message, { retryAfterSeconds: error.retryAfterSeconds });
  }
  if (error instanceof OutcomeUnknown) {
    return new ProblemError('outcome_unknown', error.message, { retryAfterSeconds: error.retryAfterSeconds });
  }
  if (error instanceof NotEnoughHistory) return new ProblemError('not_enough_history', error.message);
  if (error instanceof KeyReused) return new ProblemError('idempotency_key_reused', error.message);
  if (error instanceof KeyInProgress) {
    return new ProblemError('in_progress', error.message, { retryAfterSeconds: IN_PROGRESS_RETRY_AFTER_SECONDS });
  }
  if (error instanceof Unauthorized) {
    return new ProblemError('unauthorized', error.message, { authenticate: 'Bearer realm="evercount"' });
  }
  if (error instanceof Forbidden) return new ProblemError('forbidden', error.message);
  if (error instanceof UnfitKey || error instanceof UnfitWish) {
    return new ProblemError('invalid_request', error.message);
  }
  if (error instanceof RateLimited) {
    const { retryAfterSeconds, allowance } = error;
    return new ProblemError('rate_limited', error.message, { retryAfterSeconds, allowance });
  }
  // What Nest refuses by itself, or says in place of Fastify.
  if (error instanceof HttpException) return problemOfStatus(error.getStatus());
  if (isFastifyError(error) || isCutShort(error)) return problemOfStatus(error.statusCode);
  return new ProblemError('internal', 'This service failed; the fault was logged with the id of the request.');
}

function problemOfStatus(status: number): ProblemError {
  if (status >= 500 && status !== 503) {
    return new ProblemError('internal', 'This service failed; the fault was logged with the id of the request.');
  }
  const code = CODE_OF_STATUS.get(status) ?? 'invalid_request';
  const detail = DETAIL_OF_STATUS.get(status) ?? `${PROBLEMS[code].title}.`;
  return new ProblemError(code, detail, status === 503 ? { retryAfterSeconds: 1 } : {});
}

function isFastifyError(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error &&
    error.name === 'FastifyError' &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
  );
}

/** Of a body whose client has hung up before all of it was there: nobody hears the answer, and it is nobody's fault here. */
function isCutShort(error: unknown): error is { readonly statusCode: number } {
  const { code, statusCode } = (error ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown };
  return code === 'ECONNRESET' && statusCode === 400;
}

/** Sends a problem; `instance` is the id of the request that was refused first, in a replay. */
export function sendProblem(reply: FastifyReply, problem: ProblemError, instance: string): FastifyReply {
  const { retryAfterSeconds, allowance = null, allow, authenticate } = problem.parts;
  if (allowance !== null) tellAllowance(reply, allowance);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  if (allow !== undefined) reply.header('allow', allow);
  if (authenticate !== undefined) reply.header('www-authenticate', authenticate);
  return reply
    .code(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .header('cache-control', 'no-cache')
    .send(problemJson(problem, instance, reply.server.basePath));
}

/** The one place where errors become answers: of every controller, of Fastify itself, and of unknown paths. */
@Catch()
export class ProblemFilter implements ExceptionFilter, OnApplicationShutdown {
  private readonly logger = new Logger('http');
  readonly refusals = new RefusalLog(this.logger);
  private readonly outages = new OutageLog(this.logger);

  constructor(
    private readonly routes: Routes,
    private readonly times: HttpTimes,
  ) {}

  onApplicationShutdown(): void {
    this.refusals.tell();
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const context = host.switchToHttp();
    this.answer(error, context.getRequest<FastifyRequest>(), context.getResponse<FastifyReply>());
  }

  /** Answers one request with the problem that an error stands for, and logs what is this service's own fault. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const unmatched = this.routes.isUnknown(error, request);
    const problem = unmatched ? this.routes.problemOf(request) : problemOf(error);
    this.note(error, problem, request.id);
    this.refusals.note(problem, request.ip);
    // Half an answer is out already: nothing can be said any more.
    if (reply.sent || reply.raw.headersSent) return;
    // Fastify leaves this to its hooks, which do not run for broken paths.
    reply.header('x-request-id', request.id);
    if (!reply.hasHeader('content-security-policy')) restrain(reply, '');
    sendProblem(reply, problem, request.id);
    if (unmatched) this.times.noteUnmatched(request, reply);
  }

  /** Logs what is this service's own fault; the client's faults are the client's to know. */
  note(error: unknown, problem: ProblemError, requestId: string): void {
    if (problem.code === 'internal') this.logger.error({ msg: 'a request failed', requestId, err: error });
    else if (problem.status >= 500) this.outages.note(problem, error, requestId);
  }
}
