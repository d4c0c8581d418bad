import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { memberOf } from '../web/bodies/member.js';
import { bodyOf } from '../web/bodies/validation.js';
import { BATCH_BODY } from '../web/connections/limits.js';
import { keyIn } from '../web/idempotency-key.js';
import { nameOf } from '../web/named.js';
import { ProblemError, problemJson } from '../web/problems/problem.js';
import type { Edge } from './edge.js';
import { IncrementBody, IncrementsBody, ReadsBody } from './shapes.js';
import type { Counted, Kept, Reading } from './tally.js';

/** Members of an increment that only the truth can decide. */
const OF_THE_TRUTH = ['ttlMs', 'expiresAt', 'expiry'];

/** The calls that count and read. */
export function addCounting(server: FastifyInstance, { tally, counting }: Edge): void {
  const add = (sign: 1 | -1) => async (request: FastifyRequest, reply: FastifyReply) => {
    const name = nameOf(request);
    refuseOfTheTruth(request, request.body);
    const { by } = bodyOf(IncrementBody, request);
    const [kept] = await counting.keep([{ name, by: sign * by, key: keyIn(request) }]);
    const { reading, replayed } = readingOf(kept);
    if (replayed) reply.header('idempotent-replayed', 'true');
    return sendReading(reply, reading);
  };
  server.post('/v1/counters/:name/increment', add(1));
  server.post('/v1/counters/:name/decrement', add(-1));
  server.post('/v1/increments', { config: BATCH_BODY }, async (request, reply) => {
    const { body } = request;
    if (memberOf(body, 'atomic') === true) needsConnection();
    const items = memberOf(body, 'increments');
    if (Array.isArray(items)) for (const item of items as unknown[]) refuseOfTheTruth(request, item);
    const { increments } = bodyOf(IncrementsBody, request);
    const header = keyIn(request);
    const group = increments.map(({ name, by, idempotencyKey }, index): Counted => {
      return { name, by, key: idempotencyKey ?? (header === null ? null : `${header}/${index}`) };
    });
    const results = (await counting.keep(group)).map((kept) => resultOf(kept, request.id));
    return reply.header('content-type', 'application/json; charset=utf-8').send(`{"results":[${results.join(',')}]}`);
  });
  server.get('/v1/counters/:name', (request, reply) => {
    const found = tally.read(nameOf(request));
    if (found === null)
      throw new ProblemError('not_found', 'Nothing was counted here under this name, or heard of it.');
    return sendReading(reply, found);
  });
  server.post('/v1/reads', { config: BATCH_BODY }, (request, reply) => {
    const { names } = bodyOf(ReadsBody, request);
    return reply.header('cache-control', 'no-store').send({ data: names.map((name) => tally.read(name)) });
  });
}

/** @throws ProblemError */
export function needsConnection(): never {
  throw new ProblemError('needs_connection', 'An edge only adds: ask the service that it delivers to.');
}

/** RFC 9211: never shown as exact. */
function cacheStatusOf({ pending, asOf }: Reading): string {
  return `evercount; hit; detail=local; pending=${pending}${asOf === null ? '' : `; as-of="${asOf}"`}`;
}

function refuseOfTheTruth({ headers }: FastifyRequest, body: unknown): void {
  if (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined) needsConnection();
  if (OF_THE_TRUTH.some((member) => memberOf(body, member) !== undefined)) needsConnection();
}

/** @throws ProblemError */
function readingOf(kept: Kept | undefined): Extract<Kept, { kind: 'kept' }> {
  switch (kept?.kind) {
    case 'kept':
      return kept;
    case 'overflow':
      throw new ProblemError('value_overflow', 'What waits here of this counter would leave the range of a counter.');
    case 'key_reused':
      throw new ProblemError('idempotency_key_reused', 'This idempotency key was used for another increment.');
    case undefined:
      throw new Error('an increment was not answered');
  }
}

function resultOf(kept: Kept, requestId: string): string {
  try {
    const { reading, replayed } = readingOf(kept);
    return JSON.stringify({ status: 200, counter: reading, ...(replayed ? { replayed } : {}) });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return `{"status":${error.status},"problem":${problemJson(error, requestId, '')}}`;
  }
}

function sendReading(reply: FastifyReply, reading: Reading): FastifyReply {
  return reply.header('cache-status', cacheStatusOf(reading)).header('cache-control', 'no-store').send(reading);
}
