import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HistoryPoint } from '../counters/history.js';
import { HistoryService } from '../counters/history.service.js';
import { HistoryQuery, nameOf, queryOf, rangeOf } from './query.js';

/** Changes over time, for charts. */
@Controller('v1')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  @Get('counters/:name/history')
  async points(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const range = rangeOf(queryOf(HistoryQuery, request), Date.now());
    const points = await this.history.points(nameOf(name), range);
    if (points === null) throw new NotFoundException('There is no counter with this name.');
    send(reply, `{"data":[${points.map(pointJson).join(',')}]}`);
  }
}

/** A delta may have more digits than JavaScript's numbers; JSON's have no limit. */
function pointJson({ atMs, delta, value }: HistoryPoint): string {
  return `{"at":"${new Date(atMs).toISOString()}","delta":${delta},"value":${value}}`;
}

function send(reply: FastifyReply, json: string): void {
  reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-cache').send(json);
}
