import { Logger } from '@nestjs/common';
import type { Rank, Sighting } from '../../cache/sighting.js';
import type { UnitState } from '../../store/guard-state.js';
import type { UnitRow } from '../../store/unit-rows.js';
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

  /** @param leave ends a connection that was made by what an older election said */
  constructor(
    private readonly row: UnitRow,
    private readonly leave: () => void,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks at the row beside the Redis at hand, and moves it on by one step where it must be.
   *
   * @throws StoreFailure
   */
  async advance(state: UnitState, sighting: Pick<Sighting, 'place' | 'rank'>): Promise<Standing> {
    const { place } = sighting;
    if (state.redis !== place) return this.claim(state, place, await sighting.rank());
    this.claims = claimsWhenNamed(this.claims, place);
    if (state.settled) return 'named';
    await this.settle(state);
    return 'settling';
  }

  private async claim(state: UnitState, server: string, rank: Rank): Promise<Standing> {
    const found = { server, rank, namedRank: state.rank, nowMs: this.clock.monotonicMs() };
    const { kind, claims } = decideClaim(this.claims, found);
    this.claims = claims;
    if (rank.kind === 'overtaken') this.leave();
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

  private async settle({ epoch }: UnitState): Promise<void> {
    const now = this.clock.monotonicMs();
    // Permissions for the one before were given at the latest just before this name was first seen.
    if (this.unsettled?.epoch !== epoch) this.unsettled = { epoch, seenAtMs: now };
    else if (now - this.unsettled.seenAtMs >= PERMISSION_MS) await this.row.settle(epoch);
  }
}
