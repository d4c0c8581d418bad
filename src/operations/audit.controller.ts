import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditService } from '../counters/happenings/audit.service.js';
import { sendUnkept } from '../web/answers.js';
import { nextPage } from '../web/next-page.js';
import { queryOf } from '../web/query.js';
import { AuditPage, AuditQuery } from './audit.shapes.js';

/** Rows that are looked through cost their caller as much as one that is told. */
const ROWS_FOR_AN_ITEM = 100;

/** Who did what, for operators. */
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit, cursor, ...wanted } = queryOf(AuditQuery, request);
    const { from = null, to = null, actor = null, action = null, subject = null } = wanted;
    const question = { from, to, actor, action, subject, after: cursor ?? null, limit: Number(limit) };
    const { deeds, upTo, looked } = await this.audit.page(question);
    request.charge({ items: Math.max(deeds.length, Math.ceil(looked / ROWS_FOR_AN_ITEM)) });
    nextPage(reply, '/v1/audit', { ...wanted, limit }, upTo);
    sendUnkept(reply, AuditPage, { data: deeds, hasMore: upTo !== null, nextCursor: upTo });
  }
}
