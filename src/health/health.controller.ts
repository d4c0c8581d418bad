import { Controller, Get, type OnModuleDestroy, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { Unavailable } from '../domain/errors.js';
import { Alive, Ready } from './health.calls.js';
import { sendUnkept } from '../web/answers.js';
import { WriteReach } from '../counters/guard/write-reach.js';

/** Is the process alive, and should requests be sent to it? Both answers come from memory. */
@Controller()
export class HealthController implements OnModuleDestroy {
  private draining = false;

  constructor(
    private readonly guard: CacheGuard,
    private readonly writes: WriteReach,
  ) {}

  /** The first step of a shutdown: nobody should send requests any more. */
  onModuleDestroy(): void {
    this.draining = true;
  }

  @Get('livez')
  live(@Res() reply: FastifyReply): void {
    sendUnkept(reply, Alive, { status: 'ok' });
  }

  /**
   * Ready when writes can be committed. `?degraded=ok` is for those who want cached reads to stay reachable while
   * Postgres is away, or takes no writes.
   *
   * @throws Unavailable while draining, and when Postgres is away or takes no writes
   */
  @Get('readyz')
  ready(@Query('degraded') degraded: unknown, @Res() reply: FastifyReply): void {
    if (this.draining) throw new Unavailable('This instance is shutting down.');
    const { postgres, redis } = this.guard.health();
    const { refusal } = this.writes;
    if (postgres === 'up' && refusal === null) {
      sendUnkept(reply, Ready, { status: 'ok', postgres, redis });
      return;
    }
    if (degraded !== 'ok' || (postgres === 'down' && redis !== 'up')) {
      throw new Unavailable(
        postgres === 'down' || refusal === null
          ? 'Postgres cannot be reached.'
          : `Postgres takes no writes: ${refusal}.`,
      );
    }
    sendUnkept(reply, Ready, { status: 'degraded', postgres, redis });
  }
}
