import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { holderOf } from '../access/grant.js';
import { UTC } from '../domain/zone.js';
import { DatabaseClock } from '../counters/database-clock.js';
import type { HistoryPoint, HistoryRange } from '../counters/history/history.js';
import { HistoryService } from '../counters/history/history.service.js';
import type { Ranked } from '../store/history/history-rankings.js';
import { RankingsService, type ToldPeriod } from '../counters/history/rankings.service.js';
import { sendJson } from '../web/answers.js';
import { nameOf } from '../web/named.js';
import { ProblemError } from '../web/problems/problem.js';
import { queryOf } from '../web/query.js';
import { DEFAULT_OVER, HistoriesQuery, HistoryQuery, rangeOf, SummaryQuery, TopQuery } from './query.js';

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
    const asked = rangeOf(queryOf(HistoryQuery, request), this.clock.nowMs());
    const name = nameOf(request);
    const { range, points } = await this.history.points([name], asked, 'first');
    const own = points.get(name);
    if (own === undefined) throw new ProblemError('not_found', 'There is no counter with this name.');
    sendJson(reply, `{"data":${pointsJson(own)},${rangeJson(range)}}`);
  }

  @Get('history')
  async many(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { name, ...query } = queryOf(HistoriesQuery, request, 'name');
    const names = [...new Set(name)];
    request.charge({ items: names.length });
    const { range, points } = await this.history.points(names, rangeOf(query, this.clock.nowMs()), 'begin');
    const data = names.map((each) => {
      const own = points.get(each);
      return `${JSON.stringify(each)}:${own === undefined ? 'null' : pointsJson(own)}`;
    });
    sendJson(reply, `{"data":{${data.join(',')}},${rangeJson(range)}}`);
  }

  @Get('summary')
  async summary(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix, over, tz: zone = UTC } = queryOf(SummaryQuery, request);
    const asked = over === undefined ? null : { over, zone };
    const { count, sum, change, period, asOf } = await this.rankings.sum(prefix, asked, holderOf(request.grant));
    const changed = period === null ? '' : `"change":${change},${periodJson(period, asOf)},`;
    sendJson(reply, `{"prefix":${JSON.stringify(prefix)},"count":${count},"sum":${sum},${changed}"asOf":"${asOf}"}`);
  }

  @Get('top')
  async top(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { over = DEFAULT_OVER, tz: zone = UTC, ...query } = queryOf(TopQuery, request);
    const { ranked, period, asOf } = await this.rankings.top({ ...query, over, zone }, holderOf(request.grant));
    sendJson(reply, `{"data":[${ranked.map(rankedJson).join(',')}],${periodJson(period, asOf)},"asOf":"${asOf}"}`);
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

function pointsJson(points: readonly HistoryPoint[]): string {
  return `[${points.map(pointJson).join(',')}]`;
}

function rangeJson({ zone, interval }: HistoryRange): string {
  return `"tz":"${zone.name}","interval":"${interval}"`;
}

/** One that goes on is told up to the moment at which it was looked at. */
function periodJson({ fromMs, toMs, zone }: ToldPeriod, asOf: string): string {
  return `"from":"${iso(fromMs)}","to":"${toMs === null ? asOf : iso(toMs)}","tz":"${zone.name}"`;
}

/** A delta may have more digits than JavaScript's numbers; JSON's have no limit. */
function pointJson({ atMs, delta, value }: HistoryPoint): string {
  return `{"at":"${iso(atMs)}","delta":${delta},"value":${value}}`;
}

function rankedJson({ name, value, change }: Ranked): string {
  return `{"name":${JSON.stringify(name)},"value":${value},"change":${change}}`;
}
