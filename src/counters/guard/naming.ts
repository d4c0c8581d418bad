import { Logger } from '@nestjs/common';
import type { GuardRow, GuardState } from '../../store/guard-row.js';
import { PERMISSION_MS } from './blindness.js';
import type { Clock } from './clock.js';

/** Two instances with different servers would otherwise take the cache from each other all the time. */
const CONTEST_PAUSE_MS = 60_000;

/**
 * Keeps the guard's row naming the Redis that is really there.
 *
 * - `named`: the row names ours, and every permission for another one has run out.
 * - `settling`: the row names ours, or soon will; wait.
 * - `contested`: the row was taken from ours by an instance with another Redis; do without the cache.
 */
export type Standing = 'named' | 'settling' | 'contested';

export class Naming {
  private readonly log = new Logger('CacheGuard');
  /** The Redis that this instance last found or made the named one. */
  private lastNamed: string | null = null;
  private contestedAtMs = -Infinity;
  private unsettled: { readonly epoch: string; readonly seenAtMs: number } | null = null;

  constructor(
    private readonly row: GuardRow,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks at the row beside the Redis at hand, and moves it on by one step where it must be.
   *
   * @param server the identity of the Redis that this instance is connected to
   * @throws StoreFailure
   */
  async advance(state: GuardState, server: string): Promise<Standing> {
    if (state.redis !== server) return this.claim(state, server);
    this.lastNamed = server;
    if (state.settled) return 'named';
    await this.settle(state);
    return 'settling';
  }

  private async claim(state: GuardState, server: string): Promise<Standing> {
    const now = this.clock.monotonicMs();
    // Ours has not changed, yet the row does not name it any more: somebody has another one.
    if (server === this.lastNamed) {
      if (now - this.contestedAtMs < CONTEST_PAUSE_MS) return 'contested';
      this.contestedAtMs = now;
      this.lastNamed = null;
      this.log.error(
        'another instance reads another Redis: all instances must be given the same REDIS_URL; ' +
          'until then nobody is served from the cache',
      );
      return 'contested';
    }
    if (now - this.contestedAtMs < CONTEST_PAUSE_MS) return 'contested';
    this.unsettled = null;
    if (await this.row.nameRedis(server, state.epoch)) this.lastNamed = server;
    return 'settling';
  }

  private async settle({ epoch }: GuardState): Promise<void> {
    const now = this.clock.monotonicMs();
    // Permissions for the one before were given at the latest just before this name was first seen.
    if (this.unsettled?.epoch !== epoch) this.unsettled = { epoch, seenAtMs: now };
    else if (now - this.unsettled.seenAtMs >= PERMISSION_MS) await this.row.settle(epoch);
  }
}
