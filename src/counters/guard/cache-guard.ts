import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Identity, identityOf } from '../../cache/identity.js';
import { Realm, type Sighting } from '../../cache/realm.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { GuardRow, type GuardState } from '../../store/guard-row.js';
import { DatabaseClock } from '../database-clock.js';
import { Unavailable } from '../../domain/errors.js';
import { Blindness, PERMISSION_MS } from './blindness.js';
import { Clock, type Moment } from './clock.js';
import { Naming, type Standing } from './naming.js';
import { Polls } from './polls.js';
import { isQuiet, type Quiet, quietAfter, WAITS } from './quiet.js';
import { Reach } from './reach.js';
import type { GuardHealth, GuardStanding } from './standing.js';
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
  readonly identity: Identity;
  readonly generation: number;
  /** Whether nobody is blind. */
  readonly quiet: boolean;
  readonly sentAt: Moment;
}

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
  private readonly polls = new Polls(() => this.tryPoll(), POLL_INTERVAL_MS);
  private readonly startedAtMs: number;
  private readonly coldListeners: (() => void)[] = [];
  private readonly otherDatabaseListeners: (() => void)[] = [];

  /** How long entries could not be served so far, as far as the last poll. */
  blindMs = 0;
  private lookedAtMs: number;

  /** What the polls told of blind periods, Redis or not. */
  private quiet: Quiet | null = null;

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

  constructor(
    private readonly row: GuardRow,
    private readonly realm: Realm,
    private readonly writes: WriteReach,
    private readonly clock: Clock,
    private readonly databaseClock: DatabaseClock,
  ) {
    this.blindness = new Blindness(row, clock);
    this.naming = new Naming(row, clock);
    this.startedAtMs = this.lookedAtMs = clock.monotonicMs();
  }

  async onApplicationBootstrap(): Promise<void> {
    this.realm.onTurn(() => this.polls.hurry());
    // Before the first request comes, so that probes are not told that Postgres is away.
    await this.tryPoll();
    this.polls.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.polls.stop();
  }

  /** The identity whose entries may be served and filled right now; null: read the truth. To be asked for each read. */
  permission(): Identity | null {
    const { known } = this;
    return known !== null && known.quiet && this.isCurrent(known) ? known.identity : null;
  }

  /**
   * The identity whose entries may be served marked as unverified: Postgres is away, so nothing can be committed, as far as
   * anyone can know, and what is cached is right.
   */
  unverified(): Identity | null {
    const { known } = this;
    const sameRedis = known !== null && this.redisReach.answeredLast && known.generation === this.realm.generation;
    return sameRedis && !this.postgresUp && known.state.settled && known.quiet ? known.identity : null;
  }

  health(): GuardHealth {
    const serves = this.permission() !== null || this.unverified() !== null;
    return { postgres: this.postgresUp ? 'up' : 'down', redis: serves ? 'up' : 'degraded' };
  }

  standing(): GuardStanding {
    if (this.permission() !== null) return 'serving';
    if (this.unverified() !== null) return 'unverified';
    const othersAreBlind = this.known?.quiet === false && this.quiet?.because === 'blind';
    return this.blindness.holds() || othersAreBlind ? 'blind' : 'waiting';
  }

  /** The epoch of the guard's row, as it was read last; null before that. Decimal digits. */
  get epoch(): string | null {
    return this.known?.state.epoch ?? null;
  }

  /** Which data Postgres holds, as it was read last; null before that. */
  get database(): string | null {
    return this.quiet?.database ?? null;
  }

  /** Calls back when the cache was found empty or foreign, in the one instance that noticed first. */
  onColdCache(listener: () => void): void {
    this.coldListeners.push(listener);
  }

  /**
   * Calls back when Postgres holds other data than before, or may: a standby took over, a backup was restored, or it
   * began anew. Sessions with the one before were ended already, so what is read from here on is of this one.
   */
  onOtherDatabase(listener: () => void): void {
    this.otherDatabaseListeners.push(listener);
  }

  /**
   * Publishes what is about to be told to a client, and returns when it may be told.
   *
   * @param publish brings it to the cache; throws CacheUnavailable
   * @returns what `publish` returned; null where it may be told although it was not published
   * @throws Unavailable when neither came true in time
   */
  async withClearance<T>(publish: (identity: Identity) => Promise<T>): Promise<T | null> {
    const deadlineMs = this.clock.monotonicMs() + CLEARANCE_TIMEOUT_MS;
    for (let attempt = 1; this.clock.monotonicMs() < deadlineMs;) {
      const { known } = this;
      if (known !== null && this.isCurrent(known)) {
        try {
          const published = await publish(known.identity);
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
      this.polls.hurry();
      await this.polls.endOfOne(deadlineMs - this.clock.monotonicMs());
    }
    throw new Unavailable('the cache cannot be brought up to date, nor the other instances told');
  }

  /** Whether this Redis is known, from less than a second ago, to be the one that everybody is to read. */
  private isCurrent(known: Knowledge): boolean {
    return (
      this.clock.ageMs(known.sentAt) < PERMISSION_MS &&
      known.state.settled &&
      known.generation === this.realm.generation &&
      this.realm.isReady
    );
  }

  private async tryPoll(): Promise<void> {
    // Postgres went away between two statements; the next poll finds out.
    await this.poll().catch((error: unknown) => this.log.debug(error));
    const nowMs = this.clock.monotonicMs();
    if (this.permission() === null) this.blindMs += nowMs - this.lookedAtMs;
    this.lookedAtMs = nowMs;
  }

  private async poll(): Promise<void> {
    const sentAt = this.clock.moment();
    const [state, sighting] = await Promise.all([
      this.row.poll().catch((error: unknown) => this.noteFault(error)),
      this.realm.sight().catch(() => null),
    ]);
    this.redisReach.note(sighting !== null);
    this.postgresReach.note(state !== null);
    this.report();
    if (state === null) return;
    // Nobody waits for it: a write may take longer than a permission lasts.
    void this.writes.look(state);

    const quiet = this.noteState(state, sentAt);
    const standing = sighting === null ? null : await this.naming.advance(state, sighting.server);
    if (sighting !== null && standing === 'named') {
      const { generation } = sighting;
      const identity = this.identityFor(state, sighting);
      this.known = { state, identity, generation, quiet, sentAt };
      if (this.permission() !== null && sighting.sentinel !== identity.digest) await this.noteColdCache(identity);
    }
    if (this.mustBeBlind(standing)) await this.blindness.keep();
    else if (quiet && !state.vouched && !state.readOnly) await this.row.vouch(state);
    this.publishFailed = false;
    if (state.overlong && !state.readOnly) await this.row.shorten();
  }

  /** @returns whether nobody is blind */
  private noteState(state: GuardState, sentAt: Moment): boolean {
    const answeredAtMs = this.clock.monotonicMs();
    this.databaseClock.note(state.nowMs, sentAt.monotonicMs, answeredAtMs);
    const { database } = this;
    this.quiet = quietAfter(this.quiet, state, answeredAtMs, WAITS);
    if (database !== null && database !== state.database) this.noteOtherDatabase();
    return isQuiet(this.quiet, sentAt.monotonicMs);
  }

  private noteOtherDatabase(): void {
    // Its entries are of the one before, and the poll that would say so may not have reached Redis.
    this.known = null;
    for (const listener of this.otherDatabaseListeners) listener();
  }

  private identityFor({ epoch, database }: GuardState, { server }: Sighting): Identity {
    const identity = identityOf(server, epoch, database);
    return identity.digest === this.known?.identity.digest ? this.known.identity : identity;
  }

  private mustBeBlind(standing: Standing | null): boolean {
    if (standing === 'contested' || this.publishFailed) return true;
    if (standing !== null) return false;
    return !this.isStarting && this.redisReach.isAway;
  }

  private get isStarting(): boolean {
    return this.known === null && this.clock.monotonicMs() - this.startedAtMs < START_GRACE_MS;
  }

  private async noteColdCache({ digest }: Identity): Promise<void> {
    const first = await this.realm.setSentinel(digest).catch(() => false);
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
    if (!this.isStarting || this.redisReach.answeredLast) this.redisReach.tell(this.realm.fault);
  }
}
