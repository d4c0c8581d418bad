import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProcessSettings } from '../../config/processes.js';
import { Realm } from '../../cache/realm.js';
import type { HappeningKind } from '../../domain/happening.js';
import { HappeningLog, type NewsQuestion, type PlacedNews } from '../../store/happening-log.js';
import { Clock } from '../clock.js';
import { DatabaseClock } from '../database-clock.js';
import { CacheGuard } from '../guard/cache-guard.js';
import type { Seen } from '../guard/standing.js';
import { LoopFaults } from '../loop-faults.js';
import { orUnavailable } from '../or-unavailable.js';

/** What waits for Postgres to come back; an outage brings a handful. */
const MAX_WAITING = 100;

const RETRY_MS = 1_000;

interface Waiting {
  readonly kind: HappeningKind;
  readonly detail: object;
  readonly atMs: number;
  readonly once: string | null;
}

/**
 * Writes down what happened to the servers and the cache, as this instance noticed it: also what happened while Postgres
 * was away, once that is back. Nobody waits for it.
 */
@Injectable()
export class Happenings implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Of this life of this instance. */
  readonly instance = `${hostname()}/${randomUUID().slice(0, 8)}`;
  private readonly faults = new LoopFaults(new Logger(Happenings.name));
  private waiting: Waiting[] = [];
  private writing: Promise<void> | null = null;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;
  private readonly awaySinceMs = { redis: 0, postgres: 0 };
  private blindSinceMs: number | null = null;
  private named: string | null = null;
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly log: HappeningLog,
    private readonly guard: CacheGuard,
    private readonly realm: Realm,
    private readonly clock: Clock,
    private readonly databaseClock: DatabaseClock,
    { role }: ProcessSettings,
  ) {
    // The process that commits notices the same.
    if (role === 'worker') return;
    guard.onColdCache(() => this.note('cache.cold'));
    guard.onOtherDatabase(() => {
      const { database } = guard;
      this.note('postgres.failover', { database }, database === null ? null : `postgres ${database}`);
    });
    guard.onTurn((seen, before) => this.noteTurn(seen, before));
  }

  onApplicationBootstrap(): void {
    this.named = this.guard.named;
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
    await this.writing;
  }

  /** Calls back when something was written down here. */
  onWritten(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Writes down what happened just now.
   *
   * @param once one text for what all instances notice
   */
  note(kind: HappeningKind, detail: object = {}, once: string | null = null): void {
    if (this.stopped) return;
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift();
    this.waiting.push({ kind, detail, once, atMs: this.clock.monotonicMs() });
    this.write();
  }

  /**
   * What happened, and what was done to the service, latest first.
   *
   * @throws Unavailable
   */
  page(question: NewsQuestion): Promise<PlacedNews[]> {
    return orUnavailable(() => this.log.page(question));
  }

  private noteTurn(seen: Seen, before: Seen): void {
    this.noteReach('redis', seen.redis, before.redis);
    this.noteReach('postgres', seen.postgres, before.postgres);
    const nowMs = this.clock.monotonicMs();
    if (seen.standing === 'blind' && this.blindSinceMs === null) {
      this.blindSinceMs = nowMs;
      this.note('cache.blind');
    } else if (seen.standing === 'serving' && this.blindSinceMs !== null) {
      this.note('cache.serving', { afterMs: Math.round(nowMs - this.blindSinceMs) });
      this.blindSinceMs = null;
    }
    const { named } = this.guard;
    if (named !== null && this.named !== null && named !== this.named) {
      const [{ address } = { address: '' }] = this.realm.views;
      this.note('redis.failover', { server: address }, `redis ${this.guard.epoch ?? ''} ${named}`);
    }
    this.named = named ?? this.named;
  }

  private noteReach(server: 'redis' | 'postgres', is: Seen['redis'], was: Seen['redis']): void {
    const nowMs = this.clock.monotonicMs();
    if (is === 'away' && was !== 'away') {
      this.awaySinceMs[server] = nowMs;
      this.note(`${server}.away`);
    } else if (is === 'up' && this.awaySinceMs[server] > 0) {
      this.note(`${server}.back`, { afterMs: Math.round(nowMs - this.awaySinceMs[server]) });
      this.awaySinceMs[server] = 0;
    }
  }

  private write(): void {
    if (this.writing !== null || this.retry !== null || this.waiting.length === 0) return;
    this.writing = this.writeAll().finally(() => {
      this.writing = null;
      if (!this.stopped) this.write();
    });
  }

  private async writeAll(): Promise<void> {
    const written = this.waiting.splice(0);
    const { instance } = this;
    try {
      await this.log.add(
        written.map(({ kind, detail, once, atMs }) => {
          return { kind, detail, once, instance, at: this.databaseClock.at(atMs) };
        }),
      );
      this.faults.clear();
    } catch (error) {
      this.faults.note(error);
      this.waiting = [...written, ...this.waiting].slice(-MAX_WAITING);
      if (this.stopped) return;
      this.retry = setTimeout(() => {
        this.retry = null;
        this.write();
      }, RETRY_MS);
      return;
    }
    for (const listener of this.listeners) listener();
  }
}
