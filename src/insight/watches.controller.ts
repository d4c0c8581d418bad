import { Controller, Delete, Get, Param, Patch, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { coversName, EVERYTHING } from '../access/grant.js';
import { holdName, prefixWithin } from '../access/rules.js';
import { hysteresisOf } from '../counters/watches/hysteresis.js';
import { lengthOf } from '../counters/watches/lengths.js';
import { WatchesService } from '../counters/watches/watches.service.js';
import type { Condition, WatchWish } from '../domain/watch.js';
import type { StandingWatch } from '../store/watches/watches.js';
import { pageOf, sendUnkept } from '../web/answers.js';
import { bodyOf, refuseBody } from '../web/bodies/validation.js';
import { ProblemError } from '../web/problems/problem.js';
import { queryOf, refuseQuery } from '../web/query.js';
import { TurnPage, TurnsQuery, Watch, WatchBody, WatchChangeBody, WatchesQuery, WatchPage } from './watches.shapes.js';

const WATCH_ID = /^w_[0-9a-f]{16}$/;

/** What counters should not be. A key makes and sees watches of names that it may see. */
@Controller('v1/watches')
export class WatchesController {
  constructor(private readonly watches: WatchesService) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix, name = null, state = null, limit, cursor } = queryOf(WatchesQuery, request);
    // A key that may see a counter need not see what is said of a shorter prefix.
    const seen = prefixWithin(request.grant ?? EVERYTHING, prefix);
    const found = await this.watches.page({ prefix: seen, name, state, after: cursor, limit: limit + 1 });
    const page = pageOf(found, limit);
    request.charge({ items: page.data.length });
    sendUnkept(reply, WatchPage, { ...page, data: page.data.map(shown) });
  }

  @Post()
  async make(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const wish = wishOf(bodyOf(WatchBody, request));
    holdAbout(request, wish);
    const made = await this.watches.make(wish);
    reply.code(201).header('location', `${reply.server.basePath}/v1/watches/${made.id}`);
    sendUnkept(reply, Watch, shown(made));
  }

  @Get(':id')
  async show(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    sendUnkept(reply, Watch, shown(await this.known(id, request)));
  }

  @Put(':id')
  async replace(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const wish = wishOf(bodyOf(WatchBody, request));
    await this.known(id, request);
    holdAbout(request, wish);
    sendUnkept(reply, Watch, shown(there(await this.watches.replace(id, wish))));
  }

  @Patch(':id')
  async change(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    const change = bodyOf(WatchChangeBody, request);
    if (!WATCH_ID.test(id)) there(null);
    const changed = await this.watches.change(id, (before) => changedBy(seen(before, request), change));
    sendUnkept(reply, Watch, shown(there(changed)));
  }

  @Delete(':id')
  async remove(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseBody(request);
    const before = await this.known(id, request);
    there((await this.watches.remove(id)) ? before : null);
    reply.code(204).send();
  }

  @Get(':id/turns')
  async turns(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { limit } = queryOf(TurnsQuery, request);
    await this.known(id, request);
    sendUnkept(reply, TurnPage, { data: await this.watches.turns(id, limit) });
  }

  /** @throws ProblemError `not_found`, also for one that the key may not see */
  private async known(id: string, request: FastifyRequest): Promise<StandingWatch> {
    return seen(WATCH_ID.test(id) ? await this.watches.find(id) : null, request);
  }
}

/** @throws ProblemError `not_found` where there is none, or the key may not see it */
function seen(found: StandingWatch | null, { grant }: FastifyRequest): StandingWatch {
  const isSeen = found !== null && coversName(grant ?? EVERYTHING, found.name ?? found.prefix ?? '');
  return there(isSeen ? found : null);
}

function there(found: StandingWatch | null): StandingWatch {
  if (found === null) throw new ProblemError('not_found', 'There is no watch with this id.');
  return found;
}

/** @throws Forbidden where the key does not cover what a watch is about */
function holdAbout({ grant }: FastifyRequest, { name, prefix }: WatchWish): void {
  const own = grant ?? EVERYTHING;
  if (name !== null) holdName(own, name);
  // Not narrowed: a watch of less than was asked for would be a surprise.
  else if (prefixWithin(own, prefix ?? '') !== prefix) holdName(own, prefix ?? '');
}

function wishOf(body: z.output<typeof WatchBody>): WatchWish {
  const { name = null, prefix = null, when, label, for: holdMs, notify, muted, hysteresis } = body;
  return { name, prefix, when, label, holdMs, notify, muted, hysteresis: hysteresis ?? hysteresisOf(when) };
}

function changedBy(before: StandingWatch, change: z.output<typeof WatchChangeBody>): WatchWish {
  // A hysteresis belongs to its condition: with another condition the one from before is not kept.
  const when: Condition = change.when ?? before.when;
  return {
    name: before.name,
    prefix: before.prefix,
    when,
    label: change.label ?? before.label,
    holdMs: change.for ?? before.holdMs,
    hysteresis: change.hysteresis ?? (change.when === undefined ? before.hysteresis : hysteresisOf(when)),
    notify: change.notify ?? before.notify,
    muted: change.muted ?? before.muted,
  };
}

function shown(watch: StandingWatch): z.output<typeof Watch> {
  const { standing, holdMs, id, label, name, prefix, when, hysteresis, notify, muted, createdAt, updatedAt } = watch;
  const { state, since, firing, ok, noData } = standing;
  return {
    ...{ id, label, name, prefix, when, for: lengthOf(holdMs), hysteresis, notify, muted, state, since },
    ...{ counters: { firing, ok, noData }, createdAt, updatedAt },
  };
}
