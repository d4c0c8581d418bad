import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { explanationOf } from './explanation.js';

/** The pages that `type` of a problem points to. */
@Controller('problems')
export class ProblemsController {
  @Get(':code')
  explain(@Param('code') code: string, @Res() reply: FastifyReply): void {
    reply.header('content-type', 'text/html; charset=utf-8').send(explanationOf(code));
  }
}
