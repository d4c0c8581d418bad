import { Controller, Get, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';
import { TEXT_FORMAT } from '../meters/text-format.js';
import { MetricsPage } from './metrics-page.js';

/** Prometheus prefers it, of what it takes, where it is told to keep exemplars. */
const OPEN_METRICS = 'application/openmetrics-text';

/** `GET /metrics`: the numbers of this instance. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly page: MetricsPage) {}

  @Get()
  async metrics(@Headers('accept') accept: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (accept?.includes(OPEN_METRICS) === true) {
      reply.header('content-type', Registry.OPENMETRICS_CONTENT_TYPE).send(await this.page.readOpenMetrics());
    } else {
      reply.header('content-type', TEXT_FORMAT).send(await this.page.readText());
    }
  }
}
