import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CountersService } from '../counters/counters.service.js';
import type { Source } from '../counters/counters.service.js';
import { sendAnswer, sendCounter, writeOf } from './answers.js';
import { etagOf, isNotModified, refuseCondition } from './preconditions.js';
import { ProblemError } from '../web/problems/problem.js';
import { expiryOf } from './expiry.js';
import { IncrementBody, ReadQuery } from './shapes.js';
import { bodyOf } from '../web/bodies/validation.js';
import { nameOf } from '../web/named.js';
import { hasQuery, queryOf, refuseQuery } from '../web/query.js';

/** RFC 9211: where the answer to a read came from. */
const CACHE_STATUS: Readonly<Record<Source, string>> = {
  hit: 'evercount; hit',
  unverified: 'evercount; hit; detail=unverified',
  miss: 'evercount; fwd=miss',
  bypass: 'evercount; fwd=bypass',
};

const ONE_MISS = { misses: 1 };

/** What nearly every read asks for. */
const NO_QUERY: z.output<typeof ReadQuery> = {};

/** What most increments ask for: no body, and so 1. */
const ONE: z.output<typeof IncrementBody> = { by: 1 };

/**
 * Read, increment and decrement: nearly all requests are one of these. They are routes of Fastify, not of a controller,
 * because Nest's router costs a third of a small answer. Hooks, limits, errors and the document are those of all routes.
 */
@Injectable()
export class HotRoutes implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly counters: CountersService,
  ) {}

  onModuleInit(): void {
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    // Fastify adds HEAD to each GET.
    server.get('/v1/counters/:name', (request, reply) => this.read(request, reply));
    server.post('/v1/counters/:name/increment', (request, reply) => this.add(request, reply, 1));
    server.post('/v1/counters/:name/decrement', (request, reply) => this.add(request, reply, -1));
  }

  private async read(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const name = nameOf(request);
    const { consistency } = hasQuery(request) ? queryOf(ReadQuery, request) : NO_QUERY;
    const { version, json, source } = await this.counters.read(name, consistency ?? 'cached');
    // While the cache is away, everybody reads the truth, and nobody could do better.
    if (source === 'miss' || consistency === 'strong') request.charge(ONE_MISS);
    reply.header('cache-status', CACHE_STATUS[source]);
    if (json === null) throw new ProblemError('not_found', 'There is no counter with this name.');
    if (!isNotModified(request.headers['if-none-match'], version)) return sendCounter(reply, 200, version, json);
    return reply.code(304).header('etag', etagOf(version)).header('cache-control', 'no-cache').send();
  }

  private async add(request: FastifyRequest, reply: FastifyReply, sign: 1 | -1): Promise<FastifyReply> {
    const name = nameOf(request);
    refuseQuery(request);
    refuseCondition(request.headers);
    const { by, ...rest } = request.body === undefined ? ONE : bodyOf(IncrementBody, request);
    const operation = { kind: 'increment', name, by: sign * by, expiry: expiryOf(rest, request) } as const;
    const answer = await this.counters.write(writeOf(request, operation));
    return sendAnswer(reply, answer);
  }
}
