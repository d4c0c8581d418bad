import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { coversName, EVERYTHING } from '../access/grant.js';
import { fingerprintOf } from '../counters/commits/fingerprint.js';
import { Deliveries } from '../counters/deliveries/deliveries.js';
import type { Item } from '../counters/deliveries/take.js';
import { BEGINNING, type DeliveryItem, faultOfItem } from '../domain/delivery.js';
import { sendJson, sendUnkept } from '../web/answers.js';
import { bodyOf } from '../web/bodies/validation.js';
import { DELIVERY_BODY } from '../web/connections/limits.js';
import { ProblemError, refuse } from '../web/problems/problem.js';
import { refuseQuery } from '../web/query.js';
import { creatorOf } from './answers.js';
import { DeliveryBody, EdgeId, EdgePosition } from './edges.shapes.js';
import { ownerOf } from './idempotency-key.js';

/** What places without a network deliver. */
@Controller('v1/edges/:id')
export class EdgesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Post('deliveries')
  @HttpCode(200)
  @RouteConfig(DELIVERY_BODY)
  async deliver(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const id = edgeIdOf(request);
    const delivery = bodyOf(DeliveryBody, request);
    const { increments } = delivery;
    request.charge({ items: increments.length });
    const items = increments.map((increment) => itemOf(increment, request));
    const verdict = await this.deliveries.take({ id, owner: ownerOf(request) }, delivery, items);
    switch (verdict.kind) {
      case 'taken':
      case 'repeated':
        sendJson(reply, JSON.stringify({ results: verdict.results }));
        return;
      case 'gap':
        throw new ProblemError('edge_gap', `What was delivered before item ${delivery.from + 1} is missing here.`);
      case 'forked':
        throw new ProblemError('edge_forked', 'Another delivery was taken from an edge with this identity.');
      case 'too_many':
        throw new ProblemError('quota_exceeded', 'This key has begun as many edges as a key may.');
    }
  }

  @Get()
  async position(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const found = await this.deliveries.find(edgeIdOf(request));
    sendUnkept(reply, EdgePosition, found ?? { ...BEGINNING, deliveredAt: null, refused: 0 });
  }
}

function edgeIdOf({ params }: FastifyRequest): string {
  const id = EdgeId.safeParse((params as { id?: unknown }).id);
  if (!id.success) refuse('The id of an edge is a UUID.');
  return id.data.toLowerCase();
}

/** What breaks a rule is refused alone: what else an edge counted must not wait for somebody to see to it. */
function itemOf(item: DeliveryItem, request: FastifyRequest): Item {
  const { name, by, at, idempotencyKey } = item;
  const fault = faultOfItem(item);
  if (fault !== null) return { kind: 'refused', verdict: { status: 400, code: 'invalid_request', detail: fault } };
  if (!coversName(request.grant ?? EVERYTHING, name)) {
    const detail = 'The key does not allow this name: its names begin with another prefix.';
    return { kind: 'refused', verdict: { status: 403, code: 'forbidden', detail } };
  }
  const operation = { kind: 'increment', name, by } as const;
  const key = idempotencyKey === undefined ? null : { owner: ownerOf(request), key: idempotencyKey };
  const write = { operation, key, creator: creatorOf(request), requestId: request.id };
  return { kind: 'write', write, fingerprint: key === null ? null : fingerprintOf(operation), at };
}
