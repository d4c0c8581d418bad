import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DEFAULT_OVERLAP_MS, KeyAdministration, type MadeKey } from '../access/key-administration.js';
import { orUnavailable } from '../counters/or-unavailable.js';
import type { ApiKey } from '../store/api-keys.js';
import { pageOf, sendUnkept } from '../web/answers.js';
import { bodyOf, refuseBody } from '../web/bodies/validation.js';
import { ProblemError, refuse } from '../web/problems/problem.js';
import { queryOf, refuseArguments } from '../web/query.js';
import { requesterOf } from '../web/requester.js';
import { ID } from '../web/shapes.js';
import { Key, KeyChangeBody, KeyPage, KeysQuery, KeyWithSecret, NewKeyBody, RotateBody } from './keys.shapes.js';

const NOT_REACHED = 'Keys cannot be looked after: ';

/** The keys that calls are made with, for operators; `evercount keys` does the same. */
@Controller('v1/keys')
export class KeysController {
  constructor(private readonly keys: KeyAdministration) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit, cursor = null } = queryOf(KeysQuery, request);
    if (cursor !== null && !ID.test(cursor)) refuse('The query parameter "cursor" must be nextCursor of a page.');
    const count = Number(limit);
    const found = await reached(() => this.keys.page(cursor, count + 1));
    const page = pageOf(found, count);
    request.charge({ items: page.data.length });
    sendUnkept(reply, KeyPage, { ...page, data: page.data.map(shown) });
  }

  @Get(':id')
  async read(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const found = await reached(async () => (ID.test(id) ? this.keys.find(id) : null));
    if (found === null) throw new ProblemError('not_found', 'There is no key with this id.');
    sendUnkept(reply, Key, shown(found));
  }

  @Post()
  async make(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const { expiresAt = null, ...wish } = bodyOf(NewKeyBody, request);
    const made = await reached(() => this.keys.create({ ...wish, expiresAt }, requesterOf(request)));
    reply.code(201);
    sendUnkept(reply, KeyWithSecret, withSecret(made));
  }

  @Patch(':id')
  async change(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const wish = bodyOf(KeyChangeBody, request);
    sendUnkept(
      reply,
      Key,
      shown(known(await reached(async () => (ID.test(id) ? this.keys.change(id, wish, requesterOf(request)) : null)))),
    );
  }

  @Delete(':id')
  async revoke(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    refuseBody(request);
    known(await reached(async () => (ID.test(id) ? this.keys.revoke(id, requesterOf(request)) : null)));
    reply.code(204).send();
  }

  @Post(':id/rotate')
  @HttpCode(200)
  async rotate(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const { overlapMs = DEFAULT_OVERLAP_MS } = bodyOf(RotateBody, request);
    const made = known(
      await reached(async () => (ID.test(id) ? this.keys.rotate(id, overlapMs, requesterOf(request)) : null)),
    );
    sendUnkept(reply, KeyWithSecret, withSecret(made));
  }
}

function reached<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable(work, NOT_REACHED);
}

function known<T>(found: T | null): T {
  if (found === null) throw new ProblemError('not_found', 'There is no key with this id, or it is revoked.');
  return found;
}

/** Without the digests: no secrets, but of no use to anybody either. */
function shown(key: ApiKey): z.output<typeof Key> {
  const { id, label, scopes, prefix, origins, perSecond, maxNames, namesCreated } = key;
  const { createdAt, rotatedAt, previousExpiresAt, expiresAt, revokedAt, lastUsedAt } = key;
  return {
    ...{ id, label, scopes, prefix, origins, perSecond, maxNames, namesCreated },
    ...{ createdAt, rotatedAt, previousExpiresAt, expiresAt, revokedAt, lastUsedAt },
  };
}

function withSecret({ key, stored }: MadeKey): z.output<typeof KeyWithSecret> {
  return { ...shown(stored), secret: key };
}
