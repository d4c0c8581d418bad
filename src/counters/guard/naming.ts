import { Logger } from '@nestjs/common';
import type { Realm } from '../../cache/realm.js';
import type { GuardRow, GuardState } from '../../store/guard-row.js';
import { PERMISSION_MS } from './blindness.js';
import { type Claims, claimsWhenNamed, decideClaim, NO_CLAIMS } from './claim.js';
import type { Clock } from '../clock.js';

/**
 * Keeps the guard's row naming the Redis that is really there.
 *
 * - `named`: the row names ours, and every permission for another one has run out.
 * - `settling`: the row names ours, or soon will; wait.
 * - `contested`: the row names another one than this instance can reach; do without the cache.
 */
export type Standing = 'named' | 'settling' | 'contested';

export class Naming {
  private readonly log = new Logger('CacheGuard');
  private claims: Claims = NO_CLAIMS;
  private unsettled: { readonly epoch: string; readonly seenAtMs: number } | null = null;

  constructor(
    private readonly row: GuardRow,
    private readonly realm: Realm,
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
    this.claims = claimsWhenNamed(this.claims, server);
    if (state.settled) return 'named';
    await this.settle(state);
    return 'settling';
  }

  private async claim(state: GuardState, server: string): Promise<Standing> {
    const rank = await this.realm.rank();
    const found = { server, rank, namedRank: state.rank, nowMs: this.clock.monotonicMs() };
    const { kind, claims } = decideClaim(this.claims, found);
    this.claims = claims;
    // The connection was made by what an older election said.
    if (rank.kind === 'overtaken') this.realm.reconnect();
    switch (kind) {
      case 'name': {
        this.unsettled = null;
        const named = await this.row.nameRedis(server, rank.kind === 'elected' ? rank.epoch : 0, state.epoch);
        if (named) this.claims = claimsWhenNamed(claims, server);
        return 'settling';
      }
      case 'wait':
        return 'settling';
      case 'contested':
        return 'contested';
      case 'conflict':
        this.log.error(
          'another instance reads another Redis: all instances must be given the same REDIS_URL; ' +
            'until then nobody is served from the cache',
        );
        return 'contested';
    }
  }

  private async settle({ epoch }: GuardState): Promise<void> {
    const now = this.clock.monotonicMs();
    // Permissions for the one before were given at the latest just before this name was first seen.
    if (this.unsettled?.epoch !== epoch) this.unsettled = { epoch, seenAtMs: now };
    else if (now - this.unsettled.seenAtMs >= PERMISSION_MS) await this.row.settle(epoch);
  }
}
