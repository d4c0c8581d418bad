import { Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Forbidden } from '../access/errors.js';
import { EVERYTHING, type Grant } from '../access/grant.js';
import { isOwnOrigin } from '../web/gate/origin.js';
import { endableSessionsOf, keepSession } from '../web/gate/session-cookie.js';
import { SESSION_LIFE_MS, SignIn } from '../access/sign-in.js';
import { AccessSettings } from '../config/config.js';
import { OwnRights, SessionBody } from './shapes.js';
import { sendUnkept } from '../web/answers.js';
import { bodyOf } from '../web/bodies/validation.js';
import { refuseQuery } from '../web/query.js';

/** The session of a browser: begun with a key, which the browser does not keep. */
@Controller('v1/session')
export class SessionController {
  constructor(
    private readonly signIn: SignIn,
    private readonly settings: AccessSettings,
  ) {}

  @Get()
  show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    refuseQuery(request);
    this.sendGrant(reply, request.grant ?? EVERYTHING);
  }

  @Post()
  @HttpCode(200)
  async begin(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseOtherPages(request);
    const { key } = bodyOf(SessionBody, request);
    if (this.settings.auth === 'off') {
      this.sendGrant(reply, EVERYTHING);
      return;
    }
    const { session, grant } = await this.signIn.begin(key, { address: request.ip, requestId: request.id });
    // Whoever signs in anew is done with what was there before, also where somebody else had put it there.
    await this.endSessions(request);
    keepSession(request, reply, session, SESSION_LIFE_MS);
    this.sendGrant(reply, grant);
  }

  @Delete()
  async end(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseQuery(request);
    refuseOtherPages(request);
    await this.endSessions(request);
    keepSession(request, reply, '', 0);
    reply.code(204).send();
  }

  private async endSessions(request: FastifyRequest): Promise<void> {
    const presenting = { address: request.ip, requestId: request.id };
    for (const session of endableSessionsOf(request)) await this.signIn.end(session, presenting);
  }

  private sendGrant(reply: FastifyReply, { keyId, scopes, prefix }: Grant): void {
    const { auth } = this.settings;
    sendUnkept(reply, OwnRights, { auth, keyId, scopes: [...scopes], prefix });
  }
}

/** Another site's page could sign somebody in as somebody else, or out. What is no browser sends no origin. */
function refuseOtherPages({ headers: { origin }, host }: FastifyRequest): void {
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    throw new Forbidden("A session is begun and ended by this service's own pages only.");
  }
}
