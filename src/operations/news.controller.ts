import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Happenings } from '../counters/happenings/happenings.js';
import { newsOf } from '../counters/happenings/latest-news.js';
import type { NewsPlace } from '../store/happening-log.js';
import { sendUnkept } from '../web/answers.js';
import { nextPage } from '../web/next-page.js';
import { queryOf } from '../web/query.js';
import { NewsPage, NewsQuery } from './news.shapes.js';

/** What happened, for operators. */
@Controller('v1/events')
export class NewsController {
  constructor(private readonly happenings: Happenings) {}

  @Get()
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit, cursor, ...wanted } = queryOf(NewsQuery, request);
    const { from = null, to = null, kind } = wanted;
    const question = { from, to, kinds: kind === undefined ? null : [kind], after: placeOf(cursor) };
    const count = Number(limit);
    const found = await this.happenings.page({ ...question, limit: count + 1 });
    const data = found.slice(0, count);
    request.charge({ items: data.length });
    const last = found.length > count ? data.at(-1) : undefined;
    const nextCursor = last === undefined ? null : `${last.us}${last.id}`;
    nextPage(reply, '/v1/events', { ...wanted, limit }, nextCursor);
    sendUnkept(reply, NewsPage, { data: data.map(newsOf), hasMore: nextCursor !== null, nextCursor });
  }
}

function placeOf(cursor: string | undefined): NewsPlace | null {
  const [, us = '', id = ''] = /^(\d+)(.+)$/.exec(cursor ?? '') ?? [];
  return us === '' ? null : { us, id };
}
