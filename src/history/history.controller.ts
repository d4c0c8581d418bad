import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { holderOf } from '../access/grant.js';
import { DatabaseClock } from '../counters/database-clock.js';
import type { HistoryPoint } from '../counters/history/history.js';
import { HistoryService } from '../counters/history/history.service.js';
import type { Ranked } from '../store/history/history-rankings.js';
import { RankingsService } from '../counters/history/rankings.service.js';
import { sendJson } from '../web/answers.js';
import { nameOf } from '../web/named.js';
import { ProblemError } from '../web/problems/problem.js';
import { queryOf } from '../web/query.js';
import { HistoryQuery, rangeOf, SummaryQuery, TopQuery } from './query.js';

/** What changed over time, and what many counters come to. */
@Controller('v1')
export class HistoryController {
  constructor(
    private readonly history: HistoryService,
    private readonly rankings: RankingsService,
    private readonly clock: DatabaseClock,
  ) {}

  @Get('counters/:name/history')
  async points(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const range = rangeOf(queryOf(HistoryQuery, request), this.clock.nowMs());
    const points = await this.history.points(nameOf(request), range);
    if (points === null) throw new ProblemError('not_found', 'There is no counter with this name.');
    sendJson(reply, `{"data":[${points.map(pointJson).join(',')}]}`);
  }

  @Get('summary')
  async summary(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix } = queryOf(SummaryQuery, request);
    const { count, sum, asOf } = await this.rankings.sum(prefix, holderOf(request.grant));
    sendJson(reply, `{"prefix":${JSON.stringify(prefix)},"count":${count},"sum":${sum},"asOf":"${asOf}"}`);
  }

  @Get('top')
  async top(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { ranked, asOf } = await this.rankings.top(queryOf(TopQuery, request), holderOf(request.grant));
    sendJson(reply, `{"data":[${ranked.map(rankedJson).join(',')}],"asOf":"${asOf}"}`);
  }
}

/** A delta may have more digits than JavaScript's numbers; JSON's have no limit. */
function pointJson({ atMs, delta, value }: HistoryPoint): string {
  return `{"at":"${new Date(atMs).toISOString()}","delta":${delta},"value":${value}}`;
}

function rankedJson({ name, value, change }: Ranked): string {
  return `{"name":${JSON.stringify(name)},"value":${value},"change":${change}}`;
}
