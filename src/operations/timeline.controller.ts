import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Happenings } from '../counters/happenings/happenings.js';
import { newsOf } from '../counters/happenings/latest-news.js';
import { Sampler } from '../counters/happenings/sampler.js';
import { sendUnkept } from '../web/answers.js';
import { queryOf } from '../web/query.js';
import { SPANS, Timeline, TimelineQuery } from './timeline.shapes.js';

/** More marks than fit into a chart say nothing. */
const MAX_MARKS = 200;

/** What a look at a day of samples costs, as so many items. */
const COST = 100;

/** How things went, for operators. */
@Controller('v1/timeline')
export class TimelineController {
  constructor(
    private readonly sampler: Sampler,
    private readonly happenings: Happenings,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { seconds, stepSeconds } = SPANS[queryOf(TimelineQuery, request).over];
    request.charge({ items: COST });
    const timeline = await this.sampler.timeline(seconds, stepSeconds);
    const { from } = timeline;
    const marks = await this.happenings.page({ from, to: null, kinds: null, after: null, limit: MAX_MARKS });
    sendUnkept(reply, Timeline, { ...timeline, stepMs: stepSeconds * 1_000, marks: marks.map(newsOf) });
  }
}
