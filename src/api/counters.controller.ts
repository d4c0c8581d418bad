import { Controller, Delete, Get, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { counterJson } from '../domain/counter.js';
import { CountersService } from '../counters/counters.service.js';
import type { Page } from '../store/counter-pages.js';
import type { FoundNames } from '../store/name-search.js';
import { sendAnswer, sendSetAnswer, deedOf } from './answers.js';
import { expiryOf } from './expiry.js';
import { cursorOf, nameOfCursor } from './cursor.js';
import { conditionOf } from './preconditions.js';
import { ListQuery, ResetBody, SetBody } from './shapes.js';
import { sendJson } from '../web/answers.js';
import { bodyOf, refuseBody } from '../web/bodies/validation.js';
import { nameOf } from '../web/named.js';
import { nextPage } from '../web/next-page.js';
import { queryOf, refuseQuery } from '../web/query.js';

/** Names that are looked through cost their caller as much as one counter that is told. */
const NAMES_FOR_AN_ITEM = 100;

/** The calls on counters that are not in `hot-routes.ts`. */
@Controller('v1/counters')
export class CountersController {
  constructor(private readonly counters: CountersService) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix, search, limit, cursor } = queryOf(ListQuery, request);
    const after = cursor === undefined ? null : nameOfCursor(cursor);
    const { counters, upTo, looked } = await this.page(search, { prefix, after, limit: Number(limit) });
    request.charge({ items: Math.max(counters.length, Math.ceil(looked / NAMES_FOR_AN_ITEM)) });
    const hasMore = upTo !== null;
    const nextCursor = upTo === null ? null : cursorOf(upTo);
    nextPage(reply, '/v1/counters', { prefix, search, limit }, nextCursor);
    const data = counters.map(counterJson).join(',');
    sendJson(reply, `{"data":[${data}],"hasMore":${hasMore},"nextCursor":${JSON.stringify(nextCursor)}}`);
  }

  private async page(search: string | undefined, page: Page): Promise<FoundNames> {
    if (search !== undefined) return this.counters.search(search, page);
    const { counters, hasMore } = await this.counters.list(page);
    return { counters, upTo: hasMore ? (counters.at(-1)?.name ?? null) : null, looked: counters.length };
  }

  @Put(':name')
  async set(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const name = nameOf(request);
    refuseQuery(request);
    const { value, min, max, ...rest } = bodyOf(SetBody, request);
    const condition = conditionOf(request.headers);
    const operation = {
      kind: 'set',
      name,
      value: unsigned(value),
      min: bound(min),
      max: bound(max),
      expiry: expiryOf(rest, request),
      condition,
    } as const;
    sendSetAnswer(reply, await this.counters.write(deedOf(request, operation)));
  }

  @Delete(':name')
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const name = nameOf(request);
    refuseQuery(request);
    refuseBody(request);
    const condition = conditionOf(request.headers);
    sendAnswer(reply, await this.counters.write(deedOf(request, { kind: 'delete', name, condition })));
  }

  @Post(':name/reset')
  async reset(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const name = nameOf(request);
    refuseQuery(request);
    const { to, ...rest } = bodyOf(ResetBody, request);
    const condition = conditionOf(request.headers);
    const operation = { kind: 'reset', name, to: unsigned(to), expiry: expiryOf(rest, request), condition } as const;
    sendAnswer(reply, await this.counters.write(deedOf(request, operation)), true);
  }
}

/** JSON has a -0, integers have none. */
function unsigned(value: number): number {
  return value === 0 ? 0 : value;
}

function bound(value: number | null | undefined): number | null | undefined {
  return value === 0 ? 0 : value;
}
