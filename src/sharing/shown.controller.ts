import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVERYTHING } from '../access/grant.js';
import { holdName } from '../access/rules.js';
import { isOfLink } from '../access/share-links.js';
import { HttpSettings } from '../config/config.js';
import { CountersService } from '../counters/counters.service.js';
import { faultOfName } from '../domain/operands.js';
import { nameOf, type Named } from '../web/named.js';
import { ProblemError, refuse } from '../web/problems/problem.js';
import { queryOf } from '../web/query.js';
import { badgeSvg } from './badge.js';
import { embedPage, embedPolicy, FRESH_S } from './embed-page.js';
import { readable } from './markup.js';
import { BadgeQuery, EmbedQuery } from './shown.shapes.js';

const SVG = '.svg';

const ONE_MISS = { misses: 1 };

/** One live number, as a picture and as a small page, for whoever has a link to it. */
@Controller()
export class ShownController {
  private readonly policy: string;

  constructor(
    private readonly counters: CountersService,
    { embedAncestors }: HttpSettings,
  ) {
    this.policy = embedPolicy(embedAncestors);
  }

  @Get('badge/:name')
  async badge(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { name: file } = (request as Named).params;
    if (!file.endsWith(SVG)) throw new ProblemError('not_found', 'A badge is a name and .svg.');
    const name = file.slice(0, -SVG.length);
    const fault = faultOfName(name);
    if (fault !== null) refuse(`The name ${fault}.`);
    // Of other calls the gate does it; here what stands in the path is not the name.
    holdName(request.grant ?? EVERYTHING, name);
    const { label = name, style, color } = queryOf(BadgeQuery, request);
    const value = readable(await this.presentValue(name, request));
    keepForAWhile(request, reply);
    reply.header('content-type', 'image/svg+xml').send(badgeSvg({ label, value, style, color }));
  }

  @Get('embed/:name')
  async embed(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const name = nameOf(request);
    const { label } = queryOf(EmbedQuery, request);
    const value = await this.presentValue(name, request);
    keepForAWhile(request, reply);
    reply.header('content-security-policy', this.policy).header('referrer-policy', 'no-referrer');
    reply.header('content-type', 'text/html; charset=utf-8').send(embedPage(name, label, value));
  }

  private async presentValue(name: string, request: FastifyRequest): Promise<number> {
    const { json, source } = await this.counters.read(name, 'cached');
    if (source === 'miss') request.charge(ONE_MISS);
    if (json === null) throw new ProblemError('not_found', 'There is no counter with this name.');
    return (JSON.parse(json) as { readonly value: number }).value;
  }
}

/** Pictures in a page that many look at are asked for once in a while; what a key opened is its own. */
function keepForAWhile({ grant }: FastifyRequest, reply: FastifyReply): void {
  const isForAll = grant === null || grant === EVERYTHING || isOfLink(grant);
  reply.header('cache-control', `${isForAll ? 'public' : 'private'}, max-age=${FRESH_S}`);
}
