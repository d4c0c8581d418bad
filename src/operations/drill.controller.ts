import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Drills } from '../counters/drill/drills.js';
import { sendUnkept } from '../web/answers.js';
import { bodyOf } from '../web/bodies/validation.js';
import { refuseQuery } from '../web/query.js';
import { requesterOf } from '../web/requester.js';
import { BegunDrill, DrillBody } from './drill.shapes.js';

/** The drill of `evercount drill`, run by the service itself. */
@Controller('v1/admin/drill')
export class DrillController {
  constructor(private readonly drills: Drills) {}

  @Post()
  @HttpCode(202)
  begin(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    refuseQuery(request);
    const wish = bodyOf(DrillBody, request);
    this.drills.begin(wish, requesterOf(request));
    sendUnkept(reply, BegunDrill, { drill: { state: 'running', ...wish } });
  }
}
