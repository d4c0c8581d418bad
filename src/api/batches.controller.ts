import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { counterJson, isCounter } from '../domain/counter.js';
import { CountersService } from '../counters/counters.service.js';
import type { Answer, Done, Write } from '../domain/operation.js';
import { creatorOf, problemOfRefusal } from './answers.js';
import { expiryOf } from './expiry.js';
import { idempotencyKeyOf, ownerOf } from './idempotency-key.js';
import { BATCH_BODY } from '../web/connections/limits.js';
import { refuseCondition } from './preconditions.js';
import { ProblemError, problemJson } from '../web/problems/problem.js';
import { ProblemFilter, problemOf, sendProblem } from '../web/problems/problem.filter.js';
import { IncrementsBody, ReadsBody } from './shapes.js';
import { sendJson } from '../web/answers.js';
import { bodyOf } from '../web/bodies/validation.js';
import { refuseQuery } from '../web/query.js';

type Item = z.output<typeof IncrementsBody>['increments'][number];
type Settled = PromiseSettledResult<Answer>;

/** Many counters in one request. */
@Controller('v1')
export class BatchesController {
  constructor(
    private readonly counters: CountersService,
    private readonly problems: ProblemFilter,
  ) {}

  @Post('reads')
  @HttpCode(200)
  @RouteConfig(BATCH_BODY)
  async reads(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const { names } = bodyOf(ReadsBody, request);
    const { counters, misses } = await this.counters.readMany(names);
    request.charge({ missedItems: misses });
    sendJson(reply, `{"data":[${counters.map((json) => json ?? 'null').join(',')}]}`);
  }

  @Post('increments')
  @HttpCode(200)
  @RouteConfig(BATCH_BODY)
  async increments(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseCondition(request.headers);
    const { increments: items, atomic } = bodyOf(IncrementsBody, request);
    const writes = writesOf(request, items);
    // Only then is the whole answer known to be that of the first request, to be repeated byte for byte.
    const coveredByHeader =
      request.headers['idempotency-key'] !== undefined && items.every((item) => item.idempotencyKey === undefined);
    if (atomic) await this.atomically(writes, coveredByHeader, reply);
    else await this.each(writes, coveredByHeader, request, reply);
  }

  private async atomically(writes: readonly Write[], coveredByHeader: boolean, reply: FastifyReply): Promise<void> {
    const answer = await this.counters.writeAtomically(writes);
    if (answer.kind === 'done') {
      sendResults(reply, answer.answers, coveredByHeader);
      return;
    }
    const { index, refused } = answer;
    if (answer.replayed && coveredByHeader) reply.header('idempotent-replayed', 'true');
    const errors = [{ pointer: `/increments/${index}`, detail: refused.detail }];
    sendProblem(reply, new ProblemError(refused.code, refused.detail, { errors }), refused.requestId);
  }

  private async each(
    writes: readonly Write[],
    coveredByHeader: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const settled = await this.counters.writeEach(writes);
    throwWhenAllFailedAlike(settled);
    const results = settled.map((result) => {
      if (result.status === 'fulfilled') return result.value;
      const problem = problemOf(result.reason);
      this.problems.note(result.reason, problem, request.id);
      return problem;
    });
    sendResults(reply, results, coveredByHeader, request.id);
  }
}

function writesOf(request: FastifyRequest, items: readonly Item[]): Write[] {
  const header = idempotencyKeyOf(request);
  const owner = ownerOf(request);
  const creator = creatorOf(request);
  return items.map((item, index) => {
    const { name, by, idempotencyKey } = item;
    const key = idempotencyKey ?? (header === null ? null : `${header.key}/${index}`);
    return {
      operation: { kind: 'increment', name, by, expiry: expiryOf(item, request) },
      key: key === null ? null : { owner, key },
      creator,
      requestId: request.id,
    };
  });
}

/** Where nothing could be decided for one and the same reason of ours, that reason is the answer. */
function throwWhenAllFailedAlike(settled: readonly Settled[]): void {
  const codes = new Set<string>();
  let first: unknown;
  for (const result of settled) {
    if (result.status === 'fulfilled') return;
    const problem = problemOf(result.reason);
    if (problem.status < 500) return;
    codes.add(problem.code);
    first ??= result.reason;
  }
  if (codes.size === 1) throw first;
}

function sendResults(
  reply: FastifyReply,
  results: readonly (Answer | ProblemError)[],
  coveredByHeader: boolean,
  requestId = '',
): void {
  const replay = coveredByHeader && results.every((result) => !(result instanceof ProblemError) && result.replayed);
  if (replay) reply.header('idempotent-replayed', 'true');
  const { basePath } = reply.server;
  const items = results.map((result) =>
    result instanceof ProblemError
      ? problemItem(result, requestId, false, basePath)
      : answerItem(result, !replay && result.replayed, basePath),
  );
  sendJson(reply, `{"results":[${items.join(',')}]}`);
}

function answerItem({ outcome }: Answer, tellReplay: boolean, basePath: string): string {
  if (outcome.kind === 'refused') {
    return problemItem(problemOfRefusal(outcome), outcome.requestId, tellReplay, basePath);
  }
  return `{"status":200,"counter":${truthJson(outcome)}${tellReplay ? ',"replayed":true' : ''}}`;
}

function truthJson({ truth }: Done): string {
  return isCounter(truth) ? counterJson(truth) : 'null';
}

function problemItem(problem: ProblemError, requestId: string, tellReplay: boolean, basePath: string): string {
  const flag = tellReplay ? ',"replayed":true' : '';
  return `{"status":${problem.status},"problem":${problemJson(problem, requestId, basePath)}${flag}}`;
}
