import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { MetricsPage } from './metrics-page.js';

/** `GET /metrics`: the numbers of this instance. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly page: MetricsPage) {}

  @Get()
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    reply
      .header('content-type', this.page.type)
      .header('cache-control', 'no-store')
      .send(await this.page.read());
  }
}
