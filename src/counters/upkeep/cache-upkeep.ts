import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { Realm, type Role } from '../../cache/realm.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { CacheGuard } from '../guard/cache-guard.js';
import type { GuardHealth, GuardStanding } from '../guard/standing.js';
import { Unavailable } from '../../domain/errors.js';
import type { Actor } from '../../domain/deed.js';
import { Tallies } from '../tallies.js';
import { AuditService } from './audit.service.js';

/** Keys in one step: a SCAN and an UNLINK of so many take about a millisecond of Redis each. */
const CHUNK = 1_000;

/** Leaves Redis to readers for half of the time. */
const CHUNK_PAUSE_MS = 1;

/** Steps of the look at how many entries there are; a larger cache is estimated from them. */
const SAMPLE_STEPS = 20;

/** What an operator is told of the cache. */
export interface CacheState extends GuardHealth {
  readonly guard: GuardStanding;
  /** The server of Redis at the other end, what it said of itself last (null: it does not answer), and what led to it. */
  readonly server: { readonly address: string; readonly role: Role | null; readonly foundBy: 'url' | 'sentinel' };
  /** Of the guard; null before it was read. */
  readonly epoch: string | null;
  /** Whether this instance may serve entries right now. */
  readonly permission: boolean;
  /** Whether the key is there whose absence tells of a flush, or of an earlier epoch; null: Redis does not answer. */
  readonly sentinel: boolean | null;
  /** How many entries and leases there are, about; null: Redis does not answer. */
  readonly entries: number | null;
  /** Counters that this instance was asked for since its start, and where they came from. */
  readonly reads: { readonly hits: number; readonly misses: number; readonly bypasses: number };
}

/** What an operator may look at and do to the cache by hand. */
@Injectable()
export class CacheUpkeep {
  constructor(
    private readonly cache: CounterCache,
    private readonly realm: Realm,
    private readonly guard: CacheGuard,
    private readonly tallies: Tallies,
    private readonly audit: AuditService,
  ) {}

  async state(): Promise<CacheState> {
    const [sighting, entries] = await Promise.all([
      this.realm.sight().catch(() => null),
      this.countEntries().catch(() => null),
    ]);
    const identity = this.guard.permission();
    const { reads } = this.tallies;
    const known = sighting?.sentinel ?? null;
    return {
      ...this.guard.health(),
      server: { address: this.realm.address, role: this.realm.role, foundBy: this.realm.foundBy },
      guard: this.guard.standing(),
      epoch: this.guard.epoch,
      permission: identity !== null,
      sentinel: sighting === null ? null : known !== null && (identity === null || known === identity.digest),
      entries,
      reads: {
        hits: reads.hit + reads.unverified,
        misses: reads.miss,
        bypasses: reads.bypass,
      },
    };
  }

  /**
   * Removes this service's own entries and leases, and nothing else; they come back by reading. Safe at any time.
   *
   * @param by who is written down for it
   * @returns how many were removed
   * @throws Unavailable when Redis went away meanwhile, or Postgres cannot take down who did it: then nothing is removed
   */
  async flush(by: Actor): Promise<number> {
    const deed = { action: 'cache.flush', by, subject: null, before: null, after: null } as const;
    return this.audit.around(deed, async () => {
      const removed = await this.removeAll();
      return { result: removed, after: { removed } };
    });
  }

  private async removeAll(): Promise<number> {
    let removed = 0;
    try {
      let cursor = '0';
      do {
        const step = await this.cache.scan(cursor, CHUNK);
        cursor = step.cursor;
        removed += await this.cache.remove(step.names);
        await sleep(CHUNK_PAUSE_MS);
      } while (cursor !== '0');
    } catch (error) {
      if (error instanceof CacheUnavailable) throw new Unavailable('Redis cannot be reached.');
      throw error;
    }
    return removed;
  }

  /** Exact for a small cache; else as many of all keys as were among those that the sample looked at. */
  private async countEntries(): Promise<number> {
    let [cursor, found] = ['0', 0];
    for (let step = 1; step <= SAMPLE_STEPS; step += 1) {
      const { cursor: next, names } = await this.cache.scan(cursor, CHUNK);
      found += names.length;
      if (next === '0') return found;
      cursor = next;
    }
    const share = Math.min(1, found / (SAMPLE_STEPS * CHUNK));
    return Math.round(share * (await this.cache.keyCount()));
  }
}
