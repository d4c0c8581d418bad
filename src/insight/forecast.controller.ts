import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CountersService } from '../counters/counters.service.js';
import { type ForecastHour, ForecastsService } from '../counters/forecasts/forecasts.service.js';
import { reachOf } from '../counters/forecasts/reach.js';
import type { Counter } from '../domain/counter.js';
import { HOUR_MS } from '../domain/time.js';
import { sendUnkept } from '../web/answers.js';
import { nameOf } from '../web/named.js';
import { ProblemError } from '../web/problems/problem.js';
import { queryOf } from '../web/query.js';
import { ForecastAnswer, ForecastQuery } from './forecast.shapes.js';

/** How many items of the caller's limit a forecast takes: to make one costs half a second of a core. */
const COST_ITEMS = 100;

const iso = (ms: number): string => new Date(Math.round(ms)).toISOString();

const told = ({ atMs, delta, low, high }: ForecastHour) => ({ at: iso(atMs), delta, low, high });

/** What a counter should be. */
@Controller('v1/counters/:name/forecast')
export class ForecastController {
  constructor(
    private readonly forecasts: ForecastsService,
    private readonly counters: CountersService,
  ) {}

  @Get()
  async forecast(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { hours, past, level } = queryOf(ForecastQuery, request);
    const name = nameOf(request);
    request.charge({ items: past === 0 ? COST_ITEMS : 2 * COST_ITEMS });
    const { json } = await this.counters.read(name, 'cached');
    const counter = json === null ? null : (JSON.parse(json) as Counter);
    const forecast = counter === null ? null : await this.forecasts.forecast(counter, level);
    if (counter === null || forecast === null) {
      throw new ProblemError('not_found', 'There is no counter with this name.');
    }
    const judged = await this.forecasts.judged(counter, forecast, past, level);
    const { fromMs, toMs, seasons, model, madeAtMs } = forecast;
    const reach = reachOf(counter, forecast.hours);
    sendUnkept(reply, ForecastAnswer, {
      data: forecast.hours.slice(0, hours).map(told),
      past: judged.map((hour) => ({ ...told(hour), observed: hour.observed, outside: hour.outside })),
      basis: { from: iso(fromMs), to: iso(toMs), hours: Math.round((toMs - fromMs) / HOUR_MS), seasons, model },
      reaches: reach === null ? null : { bound: reach.bound, value: reach.value, at: iso(reach.atMs) },
      madeAt: iso(madeAtMs),
    });
  }
}
