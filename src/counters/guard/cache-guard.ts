import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Scope, scopeOf } from '../../cache/identity.js';
import { CacheUnavailable, RedisConnection, type Sighting } from '../../cache/redis-connection.js';
import { GuardRow, type GuardState } from '../../store/guard-row.js';
import { Blindness, PERMISSION_MS } from './blindness.js';
import { Unavailable } from '../errors.js';
import { Naming, type Standing } from './naming.js';
import { Reach } from './reach.js';
import { WriteReach } from './write-reach.js';

/** Five questions to a permission: four may be lost or late. */
const POLL_INTERVAL_MS = 200;

/** Redis may come up a moment later than the service. */
const START_GRACE_MS = 2_000;

/** Tries to publish before the instance goes blind. */
const PUBLISH_ATTEMPTS = 2;

/** An answer that waits longer for the guard is given up: the client is told that it cannot be known. */
const CLEARANCE_TIMEOUT_MS = 2_500;

/** What one poll learned from Postgres and Redis together. */
interface Knowledge {
  readonly state: GuardState;
  readonly scope: Scope;
  readonly generation: number;
  /** When the poll was sent, by the monotonic clock and by the calendar, which also counts a suspended machine. */
  readonly sentAtMs: number;
  readonly sentAtCalendarMs: number;
}

/** How the two parts of the service's ground stand. */
export interface GuardHealth {
  readonly postgres: 'up' | 'down';
  /** `degraded`: no entries are served, because Redis is away or an instance cannot reach it. */
  readonly redis: 'up' | 'degraded';
}

/**
 * What the guard lets this instance do with entries:
 *
 * - `serving`: serve them;
 * - `unverified`: serve them marked, since Postgres is away;
 * - `blind`: an instance cannot publish, so nobody serves any;
 * - `waiting`: not yet, or not now: Redis is away, not the named one, or was named a moment ago.
 */
export const GUARD_STANDINGS = ['serving', 'unverified', 'blind', 'waiting'] as const;
export type GuardStanding = (typeof GUARD_STANDINGS)[number];

/**
 * Entries are served only while every instance can reach the same Redis. All agree by one row in Postgres: who may
 * read it and finds its own Redis named there may serve entries for a second; who cannot publish announces a blind
 * period, waits until those seconds are over, and only then answers anything learned from the truth.
 */
@Injectable()
export class CacheGuard implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(CacheGuard.name);
  private readonly blindness: Blindness;
  private readonly naming: Naming;
  private readonly startedAtMs = performance.now();
  private readonly coldListeners: (() => void)[] = [];

  /** How long entries could not be served so far, as far as the last poll. */
  blindMs = 0;
  private lookedAtMs = this.startedAtMs;

  /** The last poll in which both answered. */
  private known: Knowledge | null = null;
  private postgresUp = false;
  /** Why it did not answer last. */
  private postgresFault: string | null = null;
  private readonly postgresReach = new Reach({
    away: 'Postgres does not answer; what is cached is served unverified',
    back: 'Postgres answers',
  });
  private readonly redisReach = new Reach({
    away: 'the cache is not used: reads come from Postgres, until Redis can be used',
    back: 'Redis answers',
  });
  private publishFailed = false;

  private stopped = false;
  private polling: Promise<void> = Promise.resolve();
  private wakeUp: () => void = () => undefined;
  private waitingForPoll: (() => void)[] = [];

  constructor(
    private readonly row: GuardRow,
    private readonly redis: RedisConnection,
    private readonly writes: WriteReach,
  ) {
    this.blindness = new Blindness(row);
    this.naming = new Naming(row);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.redis.client.on('ready', () => this.wakeUp());
    this.redis.client.on('close', () => this.wakeUp());
    // Before the first request comes, so that probes are not told that Postgres is away.
    await this.tryPoll();
    this.polling = this.pollUntilStopped();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.wakeUp();
    await this.polling;
  }

  /** The scope whose entries may be served and filled right now; null: read the truth. To be asked for each read. */
  permission(): Scope | null {
    const { known } = this;
    return known !== null && !known.state.blind && this.isCurrent(known) ? known.scope : null;
  }

  /**
   * The scope whose entries may be served marked as unverified: Postgres is away, so nothing can be committed, as far as
   * anyone can know, and what is cached is right.
   */
  unverified(): Scope | null {
    const { known } = this;
    const sameRedis = known !== null && this.redisReach.answeredLast && known.generation === this.redis.generation;
    return sameRedis && !this.postgresUp && known.state.settled && !known.state.blind ? known.scope : null;
  }

  health(): GuardHealth {
    const serves = this.permission() !== null || this.unverified() !== null;
    return { postgres: this.postgresUp ? 'up' : 'down', redis: serves ? 'up' : 'degraded' };
  }

  standing(): GuardStanding {
    if (this.permission() !== null) return 'serving';
    if (this.unverified() !== null) return 'unverified';
    return this.blindness.holds() || this.known?.state.blind === true ? 'blind' : 'waiting';
  }

  /** The epoch of the guard's row, as it was read last; null before that. Decimal digits. */
  get epoch(): string | null {
    return this.known?.state.epoch ?? null;
  }

  /** Which data Postgres holds, as it was read last; null before that. */
  get database(): string | null {
    return this.known?.state.database ?? null;
  }

  /** Calls back when the cache was found empty or foreign, in the one instance that noticed first. */
  onColdCache(listener: () => void): void {
    this.coldListeners.push(listener);
  }

  /**
   * Publishes what is about to be told to a client, and returns when it may be told.
   *
   * @param publish brings it to the cache; throws CacheUnavailable
   * @returns what `publish` returned; null where it may be told although it was not published
   * @throws Unavailable when neither came true in time
   */
  async clear<T>(publish: (scope: Scope) => Promise<T>): Promise<T | null> {
    const deadlineMs = performance.now() + CLEARANCE_TIMEOUT_MS;
    for (let attempt = 1; performance.now() < deadlineMs;) {
      const { known } = this;
      if (known !== null && this.isCurrent(known)) {
        try {
          const published = await publish(known.scope);
          // The row may name another Redis by now: only what is known to be recent says that this one counts.
          if (this.isCurrent(known) || (this.known !== null && this.isCurrent(this.known))) return published;
        } catch (error) {
          if (!(error instanceof CacheUnavailable)) throw error;
          attempt += 1;
          if (attempt <= PUBLISH_ATTEMPTS) continue;
          this.publishFailed = true;
        }
      }
      if (this.blindness.holds()) return null;
      this.wakeUp();
      await this.endOfPoll(deadlineMs - performance.now());
    }
    throw new Unavailable('the cache cannot be brought up to date, nor the other instances told');
  }

  /** Whether this Redis is known, from less than a second ago, to be the one that everybody is to read. */
  private isCurrent(known: Knowledge): boolean {
    const ageMs = performance.now() - known.sentAtMs;
    const calendarAgeMs = Date.now() - known.sentAtCalendarMs;
    return (
      ageMs < PERMISSION_MS &&
      Math.abs(calendarAgeMs) < PERMISSION_MS &&
      known.state.settled &&
      known.generation === this.redis.generation &&
      this.redis.isReady
    );
  }

  private async pollUntilStopped(): Promise<void> {
    while (!this.stopped) {
      await this.pause(POLL_INTERVAL_MS);
      await this.tryPoll();
      for (const resolve of this.waitingForPoll.splice(0)) resolve();
    }
  }

  private async tryPoll(): Promise<void> {
    // Postgres went away between two statements; the next poll finds out.
    await this.poll().catch((error: unknown) => this.log.debug(error));
    const nowMs = performance.now();
    if (this.permission() === null) this.blindMs += nowMs - this.lookedAtMs;
    this.lookedAtMs = nowMs;
  }

  private async poll(): Promise<void> {
    const sentAtMs = performance.now();
    const sentAtCalendarMs = Date.now();
    const [state, sighting] = await Promise.all([
      this.row.poll().catch((error: unknown) => this.noteFault(error)),
      this.redis.sight().catch(() => null),
    ]);
    this.redisReach.note(sighting !== null);
    this.postgresReach.note(state !== null);
    this.report();
    if (state === null) return;
    // Nobody waits for it: a write may take longer than a permission lasts.
    void this.writes.look(state);

    const standing = sighting === null ? null : await this.naming.advance(state, sighting.server);
    if (sighting !== null && standing === 'named') {
      const { generation } = sighting;
      const scope = this.scopeFor(state, sighting);
      this.known = { state, scope, generation, sentAtMs, sentAtCalendarMs };
      if (this.permission() !== null && sighting.sentinel !== scope.digest) await this.noteColdCache(scope);
    }
    if (this.mustBeBlind(standing)) await this.blindness.keep();
    this.publishFailed = false;
  }

  private scopeFor({ epoch, database }: GuardState, { server }: Sighting): Scope {
    const scope = scopeOf(server, epoch, database);
    return scope.digest === this.known?.scope.digest ? this.known.scope : scope;
  }

  private mustBeBlind(standing: Standing | null): boolean {
    if (standing === 'contested' || this.publishFailed) return true;
    if (standing !== null) return false;
    return !this.isStarting && this.redisReach.isAway;
  }

  private get isStarting(): boolean {
    return this.known === null && performance.now() - this.startedAtMs < START_GRACE_MS;
  }

  private async noteColdCache({ digest }: Scope): Promise<void> {
    const first = await this.redis.setSentinel(digest).catch(() => false);
    if (!first) return;
    this.log.log('the cache is empty or of an earlier epoch');
    for (const listener of this.coldListeners) listener();
  }

  private noteFault(error: unknown): null {
    this.postgresFault = error instanceof Error ? error.message : String(error);
    return null;
  }

  private report(): void {
    this.postgresUp = this.postgresReach.answeredLast || (this.postgresUp && !this.postgresReach.isAway);
    this.postgresReach.tell(this.postgresFault);
    if (!this.isStarting || this.redisReach.answeredLast) this.redisReach.tell(this.redis.fault);
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = () => undefined;
  }

  private async endOfPoll(timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.waitingForPoll.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
