import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WebhooksService } from '../counters/watches/webhooks.service.js';
import { DAY_MS } from '../domain/time.js';
import { Destinations } from '../outgoing/destinations.js';
import { newWebhookSecret } from '../outgoing/signature.js';
import { pageOf, sendUnkept } from '../web/answers.js';
import { bodyOf, refuseBody } from '../web/bodies/validation.js';
import { ProblemError } from '../web/problems/problem.js';
import { queryOf, refuseArguments, refuseQuery } from '../web/query.js';
import { ID } from '../web/shapes.js';
import {
  DeliveriesQuery,
  Delivery,
  DeliveryPage,
  NewWebhookBody,
  RotateWebhookBody,
  Webhook,
  WebhookChangeBody,
  WebhookList,
  WebhookWithSecret,
} from './webhooks.shapes.js';

/** After a rotation, time to bring the new secret to the receiver. */
const DEFAULT_OVERLAP_MS = DAY_MS;

/** Where watches tell what they see. */
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly destinations: Destinations,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    sendUnkept(reply, WebhookList, { data: await this.webhooks.list() });
  }

  @Post()
  async make(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const wish = bodyOf(NewWebhookBody, request);
    this.holdUrl(wish.url);
    const secret = newWebhookSecret();
    const made = await this.webhooks.make(wish, secret);
    reply.code(201).header('location', `${reply.server.basePath}/v1/webhooks/${made.id}`);
    sendUnkept(reply, WebhookWithSecret, { ...made, secret });
  }

  @Get(':id')
  async show(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    sendUnkept(reply, Webhook, there(await this.webhooks.find(idIn(id))));
  }

  @Patch(':id')
  async change(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const change = bodyOf(WebhookChangeBody, request);
    if (change.url !== undefined) this.holdUrl(change.url);
    sendUnkept(reply, Webhook, there(await this.webhooks.change(idIn(id), change)));
  }

  @Delete(':id')
  async remove(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    refuseBody(request);
    there((await this.webhooks.remove(idIn(id))) ? id : null);
    reply.code(204).send();
  }

  @Post(':id/rotate')
  @HttpCode(200)
  async rotate(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    const { overlapMs = DEFAULT_OVERLAP_MS } = bodyOf(RotateWebhookBody, request);
    const secret = newWebhookSecret();
    const rotated = there(await this.webhooks.rotate(idIn(id), secret, overlapMs));
    sendUnkept(reply, WebhookWithSecret, { ...rotated, secret });
  }

  @Post(':id/test')
  @HttpCode(202)
  async test(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    refuseBody(request);
    sendUnkept(reply, Delivery, there(await this.webhooks.test(idIn(id))));
  }

  @Get(':id/deliveries')
  async deliveries(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit, cursor } = queryOf(DeliveriesQuery, request);
    there(await this.webhooks.find(idIn(id)));
    const found = await this.webhooks.deliveries(id, cursor, limit + 1);
    const page = pageOf(found, limit);
    request.charge({ items: page.data.length });
    sendUnkept(reply, DeliveryPage, page);
  }

  @Post(':id/deliveries/:delivery/send')
  @HttpCode(202)
  async sendAgain(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseArguments(request);
    refuseBody(request);
    const { id, delivery } = request.params as { readonly id: string; readonly delivery: string };
    const again = ID.test(delivery) ? await this.webhooks.sendAgain(idIn(id), delivery) : null;
    if (again === null) throw new ProblemError('not_found', 'There is no such delivery of this webhook.');
    sendUnkept(reply, Delivery, again);
  }

  private holdUrl(url: string): void {
    const fault = this.destinations.faultOf(url);
    if (fault === null) return;
    const errors = [{ pointer: '/url', detail: fault }];
    throw new ProblemError('invalid_request', `/url ${fault}.`, { errors });
  }
}

/** @throws ProblemError `not_found` for what cannot be an id: Postgres would not even take some of it */
function idIn(id: string): string {
  return there(ID.test(id) ? id : null);
}

function there<T>(found: T | null): T {
  if (found === null) throw new ProblemError('not_found', 'There is no webhook with this id.');
  return found;
}
