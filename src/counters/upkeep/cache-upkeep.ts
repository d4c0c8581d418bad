import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import type { Line } from '../../cache/line.js';
import { Realm } from '../../cache/realm.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import type { Role, ServerView } from '../../cache/sighting.js';
import { CacheGuard } from '../guard/cache-guard.js';
import type { GuardHealth, GuardStanding, UnitsStanding } from '../guard/standing.js';
import { Unavailable } from '../../domain/errors.js';
import type { Actor } from '../../domain/deed.js';
import { Tallies } from '../tallies.js';
import { AuditService } from '../happenings/audit.service.js';

/** Keys in one step: a SCAN and an UNLINK of so many take about a millisecond of Redis each. */
const CHUNK = 1_000;

/** Leaves Redis to readers for half of the time. */
const CHUNK_PAUSE_MS = 1;

/** Steps of the look at how many entries there are; a larger cache is estimated from them. */
const SAMPLE_STEPS = 20;

/** What an operator is told of the cache. */
export interface CacheState extends GuardHealth {
  readonly guard: GuardStanding;
  /** The first server of Redis, what it said of itself last (null: it does not answer), and what led to it. */
  readonly server: {
    readonly address: string;
    readonly role: Role | null;
    readonly foundBy: 'url' | 'sentinel' | 'cluster';
  };
  /** All of them. */
  readonly servers: readonly ServerView[];
  /** Parts that are served, or not, each by itself; a single Redis is one. */
  readonly units: UnitsStanding;
  /** How often a unit was found elsewhere than before, since the start of this instance. */
  readonly moves: number;
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

  /** How the cache stands, as this instance sees it; never fails because Redis is away. */
  async state(): Promise<CacheState> {
    const [entries, sentinel] = await Promise.all([this.countEntries().catch(() => null), this.guard.sentinel()]);
    const { reads } = this.tallies;
    const servers = this.realm.views;
    const [{ address, role } = { address: '', role: null }] = servers;
    return {
      ...this.guard.health(),
      server: { address, role, foundBy: this.realm.foundBy },
      servers,
      units: this.guard.unitsStanding(),
      moves: this.guard.moves,
      guard: this.guard.standing(),
      epoch: this.guard.epoch,
      permission: this.guard.isServing,
      sentinel,
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
    try {
      const removed = await Promise.all(this.cache.lines().map((line) => this.flushOne(line)));
      if (removed.length === 0) throw new Unavailable('Redis cannot be reached.');
      return removed.reduce((sum, count) => sum + count, 0);
    } catch (error) {
      if (error instanceof CacheUnavailable) throw new Unavailable('Redis cannot be reached.');
      throw error;
    }
  }

  private async flushOne(line: Line): Promise<number> {
    let removed = 0;
    let cursor = '0';
    do {
      const step = await this.cache.scan(line, cursor, CHUNK);
      cursor = step.cursor;
      removed += await this.cache.remove(step.names);
      await sleep(CHUNK_PAUSE_MS);
    } while (cursor !== '0');
    return removed;
  }

  private async countEntries(): Promise<number> {
    const lines = this.cache.lines();
    if (lines.length === 0) throw new CacheUnavailable('no server of Redis answers');
    const counts = await Promise.all(lines.map((line) => this.countOn(line)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Exact for a small cache; else as many of all keys as were among those that the sample looked at. */
  private async countOn(line: Line): Promise<number> {
    let [cursor, found] = ['0', 0];
    for (let step = 1; step <= SAMPLE_STEPS; step += 1) {
      const { cursor: next, names } = await this.cache.scan(line, cursor, CHUNK);
      found += names.length;
      if (next === '0') return found;
      cursor = next;
    }
    const share = Math.min(1, found / (SAMPLE_STEPS * CHUNK));
    return Math.round(share * (await this.cache.keyCount(line)));
  }
}
