import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Counter, counterJson, isCounter } from '../domain/counter.js';
import type { Answer, Creator, Done, Operation, Refused, Write } from '../domain/operation.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { etagOf } from './preconditions.js';
import { JSON_TYPE } from '../web/answers.js';
import { requesterOf } from '../web/requester.js';
import { ProblemError } from '../web/problems/problem.js';
import { sendProblem } from '../web/problems/problem.filter.js';

/** A write as a request brings it: with its key and its id. */
export function writeOf(request: FastifyRequest, operation: Operation): Write {
  return { operation, key: idempotencyKeyOf(request), creator: creatorOf(request), requestId: request.id };
}

/** A write that is written down, with who asks for it. */
export function deedOf(request: FastifyRequest, operation: Operation): Write {
  return { ...writeOf(request, operation), actor: requesterOf(request) };
}

/** On whose account a request brings names into being; nobody's where no key is asked for. */
export function creatorOf({ grant }: FastifyRequest): Creator | null {
  return grant?.creator ?? null;
}

/**
 * Sends what a write came to; a replay is sent as its first answer was.
 *
 * @param tellsPrevious whether the value before is told beside the counter
 */
export function sendAnswer(reply: FastifyReply, { outcome, replayed }: Answer, tellsPrevious = false): FastifyReply {
  if (replayed) reply.header('idempotent-replayed', 'true');
  if (outcome.kind === 'refused') return sendProblem(reply, problemOfRefusal(outcome), outcome.requestId);
  return isCounter(outcome.truth)
    ? sendCounter(reply, 200, outcome.truth.version, doneJson(outcome.truth, tellsPrevious ? outcome.previous : null))
    : reply.code(204).send();
}

/** Sends what a set came to: 201 where it brought the counter into being. */
export function sendSetAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  const { outcome } = answer;
  if (outcome.kind === 'refused' || !outcome.created || !isCounter(outcome.truth)) return sendAnswer(reply, answer);
  if (answer.replayed) reply.header('idempotent-replayed', 'true');
  return sendCounter(reply, 201, outcome.truth.version, counterJson(outcome.truth));
}

/** @param json the JSON of the counter */
export function sendCounter(reply: FastifyReply, status: number, version: number, json: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', JSON_TYPE)
    .header('etag', etagOf(version))
    .header('cache-control', 'no-cache')
    .send(json);
}

/** @param previous null: it is not told */
function doneJson(counter: Counter, previous: Done['previous']): string {
  const json = counterJson(counter);
  return previous === null ? json : `${json.slice(0, -1)},"previous":${previous}}`;
}

/** A rule that a write broke, as clients of HTTP are told of it. */
export function problemOfRefusal(refused: Refused): ProblemError {
  return new ProblemError(refused.code, refused.detail);
}
