import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Identity, identityOf } from '../../cache/identity.js';
import { Realm, type Sighting } from '../../cache/realm.js';
import { GuardRow, type GuardState } from '../../store/guard-row.js';
import { DatabaseClock } from '../database-clock.js';
import { Blindness } from './blindness.js';
import { Clearance } from './clearance.js';
import { Clock, type Moment } from '../clock.js';
import { Ground } from './ground.js';
import { Naming, type Standing } from './naming.js';
import { Permissions } from './permissions.js';
import { Polls } from './polls.js';
import { isQuiet, type Quiet, quietAfter, WAITS } from './quiet.js';
import type { GuardHealth, GuardStanding, Seen } from './standing.js';
import { WriteReach } from './write-reach.js';

/** Five questions to a permission: four may be lost or late. */
const POLL_INTERVAL_MS = 200;

/** Redis may come up a moment later than the service. */
const START_GRACE_MS = 2_000;

/**
 * Entries are served only while every instance can reach the same Redis. All agree by one row in Postgres: who may
 * read it and finds its own Redis named there may serve entries for a second; who cannot publish announces a blind
 * period, waits until those seconds are over, and only then answers anything learned from the truth.
 */
@Injectable()
export class CacheGuard implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(CacheGuard.name);
  private readonly ground = new Ground();
  private readonly permissions: Permissions;
  private readonly blindness: Blindness;
  private readonly clearance: Clearance;
  private readonly naming: Naming;
  private readonly polls = new Polls(() => this.tryPoll(), POLL_INTERVAL_MS);
  private readonly startedAtMs: number;
  private readonly coldListeners: (() => void)[] = [];
  private readonly otherDatabaseListeners: (() => void)[] = [];
  private readonly turnListeners: ((seen: Seen, before: Seen) => void)[] = [];
  private told: Seen = { postgres: 'up', redis: 'up', standing: 'waiting' };

  /** How long entries could not be served so far, as far as the last poll. */
  blindMs = 0;
  private lookedAtMs: number;

  /** What the polls told of blind periods, Redis or not. */
  private quiet: Quiet | null = null;

  /** Why Postgres did not answer last. */
  private postgresFault: string | null = null;

  constructor(
    private readonly row: GuardRow,
    private readonly realm: Realm,
    private readonly writes: WriteReach,
    private readonly clock: Clock,
    private readonly databaseClock: DatabaseClock,
  ) {
    this.permissions = new Permissions(realm, this.ground, clock);
    this.blindness = new Blindness(row, clock);
    this.clearance = new Clearance(this.permissions, this.blindness, this.polls, clock);
    this.naming = new Naming(row, realm, clock);
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
    return this.permissions.permission();
  }

  /** The identity whose entries may be served marked as unverified, since Postgres is away. */
  unverified(): Identity | null {
    return this.permissions.unverified();
  }

  /** See `Clearance.of`: whatever was learned from the truth is told only after it. */
  withClearance<T>(publish: (identity: Identity) => Promise<T>): Promise<T | null> {
    return this.clearance.of(publish);
  }

  health(): GuardHealth {
    const serves = this.permission() !== null || this.unverified() !== null;
    return { postgres: this.ground.hasPostgres ? 'up' : 'down', redis: serves ? 'up' : 'degraded' };
  }

  standing(): GuardStanding {
    if (this.permission() !== null) return 'serving';
    if (this.unverified() !== null) return 'unverified';
    const othersAreBlind = this.permissions.latest?.quiet === false && this.quiet?.because === 'blind';
    return this.blindness.holds() || othersAreBlind ? 'blind' : 'waiting';
  }

  /** What this instance sees of the servers, as of the last poll. */
  seen(): Seen {
    return { ...this.ground.reach, standing: this.standing() };
  }

  /** Calls back, at once, whenever a poll sees something else than the one before. */
  onTurn(listener: (seen: Seen, before: Seen) => void): void {
    this.turnListeners.push(listener);
  }

  /** The Redis that the row named when it was read last; null before that. */
  get named(): string | null {
    return this.permissions.latest?.state.redis ?? null;
  }

  /** The epoch of the guard's row, as it was read last; null before that. Decimal digits. */
  get epoch(): string | null {
    return this.permissions.latest?.state.epoch ?? null;
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

  private async tryPoll(): Promise<void> {
    // Postgres went away between two statements; the next poll finds out.
    await this.poll().catch((error: unknown) => this.log.debug(error));
    this.tellTurn();
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
    this.ground.note({ postgres: state !== null, redis: sighting !== null });
    this.ground.tell({ postgres: this.postgresFault, redis: this.realm.fault }, this.isStarting);
    // Before anything else is asked: what is wrong is told at once.
    if (state === null || sighting === null) this.tellTurn();
    if (state === null) return;
    // Nobody waits for it: a write may take longer than a permission lasts.
    void this.writes.look(state);

    const quiet = this.noteState(state, sentAt);
    const standing = sighting === null ? null : await this.naming.advance(state, sighting.server);
    if (sighting !== null && standing === 'named') {
      const { generation } = sighting;
      const identity = this.identityFor(state, sighting);
      this.permissions.learn({ state, identity, generation, quiet, sentAt });
      if (this.permission() !== null && sighting.sentinel !== identity.digest) await this.noteColdCache(identity);
    }
    if (this.mustBeBlind(standing)) await this.blindness.keep();
    else if (quiet && !state.vouched && !state.readOnly) await this.row.vouch(state);
    this.clearance.forgetFailure();
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
    this.permissions.forget();
    for (const listener of this.otherDatabaseListeners) listener();
  }

  private identityFor({ epoch, database }: GuardState, { server }: Sighting): Identity {
    const identity = identityOf(server, epoch, database);
    const before = this.permissions.latest?.identity;
    return identity.digest === before?.digest ? before : identity;
  }

  private mustBeBlind(standing: Standing | null): boolean {
    if (standing === 'contested' || this.clearance.hasFailed) return true;
    if (standing !== null) return false;
    return !this.isStarting && this.ground.redisIsAway;
  }

  private get isStarting(): boolean {
    return this.permissions.latest === null && this.clock.monotonicMs() - this.startedAtMs < START_GRACE_MS;
  }

  private async noteColdCache({ digest }: Identity): Promise<void> {
    const first = await this.realm.setSentinel(digest).catch(() => false);
    if (!first) return;
    this.log.log('the cache is empty or of an earlier epoch');
    for (const listener of this.coldListeners) listener();
  }

  private tellTurn(): void {
    const [seen, before] = [this.seen(), this.told];
    if (seen.postgres === before.postgres && seen.redis === before.redis && seen.standing === before.standing) return;
    this.told = seen;
    for (const listener of this.turnListeners) listener(seen, before);
  }

  private noteFault(error: unknown): null {
    this.postgresFault = error instanceof Error ? error.message : String(error);
    return null;
  }
}
