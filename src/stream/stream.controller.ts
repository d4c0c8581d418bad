import type { ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVERYTHING, holderOf } from '../access/grant.js';
import { holdRule, RULES } from '../access/rules.js';
import { MAX_SNAPSHOT_OF_PREFIX } from './limits.js';
import { StreamHub } from './stream-hub.js';
import { subscriptionOf } from './subscription.js';

/** When the kernel asks a client that says nothing whether it is still there. */
const KEEP_ALIVE_DELAY_MS = 30_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies such as nginx would gather events before they pass them on.
  'x-accel-buffering': 'no',
} as const;

/** `GET /v1/stream`: counters as they change. */
@Controller('v1')
export class StreamController {
  constructor(private readonly hub: StreamHub) {}

  @Get('stream')
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const subscription = subscriptionOf(request);
    if (subscription.events) holdRule(RULES.inspect, request.grant ?? EVERYTHING);
    if (request.method === 'HEAD') {
      reply.headers(HEADERS).send();
      return;
    }
    request.charge({ items: subscription.names.size + subscription.prefixes.size * MAX_SNAPSHOT_OF_PREFIX });
    const stream = await this.hub.admit(subscription, holderOf(request.grant));
    reply.headers(HEADERS).hijack();
    const response = headOf(reply);
    const leave = (): void => this.hub.release(stream);
    response.on('close', leave);
    response.on('error', leave);
    // The client may have gone while the snapshot was read.
    if (response.destroyed || response.closed) leave();
    else this.hub.join(stream, response);
  }
}

/** Writes the head as Fastify would have; the connection ends with the stream. */
function headOf(reply: FastifyReply): ServerResponse {
  const { raw: response } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.shouldKeepAlive = false;
  response.socket?.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  response.writeHead(200);
  response.flushHeaders();
  return response;
}
