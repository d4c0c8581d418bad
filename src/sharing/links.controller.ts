import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ShareLinks } from '../access/share-links.js';
import { orUnavailable } from '../counters/or-unavailable.js';
import { DatabaseClock } from '../counters/database-clock.js';
import { pageOf, sendUnkept } from '../web/answers.js';
import { bodyOf, refuseBody } from '../web/bodies/validation.js';
import { ProblemError, refuse } from '../web/problems/problem.js';
import { queryOf, refuseQuery } from '../web/query.js';
import { requesterOf } from '../web/requester.js';
import { Link, LINK_ID, LinkPage, LinksQuery, NewLinkBody, Revoked } from './links.shapes.js';

const NOT_REACHED = 'Links cannot be looked after: ';

/** Links that show counters to whoever has them, made and ended by operators. */
@Controller('v1/links')
export class LinksController {
  constructor(
    private readonly links: ShareLinks,
    private readonly clock: DatabaseClock,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit, cursor = null } = queryOf(LinksQuery, request);
    const found = await orUnavailable(() => this.links.page(cursor, limit + 1), NOT_REACHED);
    const page = pageOf(found, limit);
    request.charge({ items: page.data.length });
    sendUnkept(reply, LinkPage, page);
  }

  @Post()
  async make(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const { label, name = null, prefix = null, expiresAt } = bodyOf(NewLinkBody, request);
    if (expiresAt !== null && this.clock.isPast(expiresAt)) refuse('The moment at which the link is to end is past.');
    const wish = { label, name, prefix, expiresAt };
    const made = await orUnavailable(() => this.links.make(wish, requesterOf(request)), NOT_REACHED);
    reply.code(201);
    sendUnkept(reply, Link, made);
  }

  @Delete()
  @HttpCode(200)
  async revokeAll(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseBody(request);
    const revoked = await orUnavailable(() => this.links.revokeAll(requesterOf(request)), NOT_REACHED);
    sendUnkept(reply, Revoked, { revoked });
  }

  @Delete(':id')
  async revoke(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseBody(request);
    const found = await orUnavailable(
      async () => LINK_ID.test(id) && (await this.links.revoke(id, requesterOf(request))),
      NOT_REACHED,
    );
    if (!found) throw new ProblemError('not_found', 'There is no link with this id, or it is revoked.');
    reply.code(204).send();
  }
}
