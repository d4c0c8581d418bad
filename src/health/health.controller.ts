import { Controller, Get, type OnModuleDestroy, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { Unavailable } from '../counters/errors.js';

/** Is the process alive, and should requests be sent to it? Both answers come from memory. */
@Controller()
export class HealthController implements OnModuleDestroy {
  private draining = false;

  constructor(private readonly guard: CacheGuard) {}

  /** The first step of a shutdown: nobody should send requests any more. */
  onModuleDestroy(): void {
    this.draining = true;
  }

  @Get('livez')
  live(@Res() reply: FastifyReply): void {
    send(reply, { status: 'ok' });
  }

  /**
   * Ready when writes can be committed. `?degraded=ok` is for those who want cached reads to stay reachable while
   * Postgres is away.
   *
   * @throws Unavailable while draining, and when Postgres is away
   */
  @Get('readyz')
  ready(@Query('degraded') degraded: unknown, @Res() reply: FastifyReply): void {
    if (this.draining) throw new Unavailable('This instance is shutting down.');
    const { postgres, redis } = this.guard.health();
    if (postgres === 'up') {
      send(reply, { status: 'ok', postgres, redis });
      return;
    }
    if (degraded !== 'ok' || redis !== 'up') throw new Unavailable('Postgres cannot be reached.');
    send(reply, { status: 'degraded', postgres, redis });
  }
}

function send(reply: FastifyReply, body: Readonly<Record<string, string>>): void {
  reply.header('cache-control', 'no-store').send(body);
}
