import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { KEY_PREFIX } from '../../cache/entry.js';
import type { Identity } from '../../cache/identity.js';
import { Realm } from '../../cache/realm.js';
import type { Sighting } from '../../cache/sighting.js';
import { GuardRow, type GuardState, type UnitsState } from '../../store/guard-row.js';
import { DatabaseClock } from '../database-clock.js';
import { Clock, type Moment } from '../clock.js';
import { ColdUnits } from './cold-units.js';
import { ServersReach } from './servers-reach.js';
import { LastSeen } from './last-seen.js';
import { identityFor } from './permissions.js';
import { Polls } from '../polls.js';
import type { GuardHealth, GuardStanding, Seen, UnitsStanding } from './standing.js';
import { type Scope, UnitGuard } from './unit-guard.js';
import { wholeOf } from './whole.js';
import { WriteReach } from './write-reach.js';

/** Five questions to a permission: four may be lost or late. */
const POLL_INTERVAL_MS = 200;

/** Redis may come up a moment later than the service. */
const START_GRACE_MS = 2_000;

/** The identity of a counter's entry, by its name; null: it may be neither served nor filled now. */
export type Permit = (name: string) => Identity | null;

const NOTHING: Permit = () => null;

/**
 * Entries are served only while every instance can reach the same Redis. All agree by rows in Postgres: who may read them
 * and finds what is named there may serve entries for a second; who cannot publish announces a blind period, waits until
 * those seconds are over, and only then answers anything learned from the truth. A single Redis has one row. Of a cluster
 * each unit has its own, so that one shard's failover is the others' business not at all; the row of the single Redis then
 * says that it is a cluster, and so keeps those apart who were configured otherwise.
 */
@Injectable()
export class CacheGuard implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(CacheGuard.name);
  private readonly servers = new ServersReach();
  private readonly polls = new Polls(() => this.tryPoll(), POLL_INTERVAL_MS);
  private readonly whole: UnitGuard;
  /** Of a single Redis the whole alone. */
  private readonly units: readonly UnitGuard[];
  private readonly isCluster: boolean;
  private readonly startedAtMs: number;
  private readonly cold: ColdUnits;
  private readonly otherDatabaseListeners: (() => void)[] = [];
  private readonly lastSeen = new LastSeen();

  /** How long entries could not be served so far, as far as the last poll; of a part of the units that part of the time. */
  blindMs = 0;
  private lookedAtMs: number;
  private state: GuardState | null = null;

  /** Why Postgres did not answer last. */
  private postgresFault: string | null = null;

  constructor(
    private readonly row: GuardRow,
    private readonly realm: Realm,
    private readonly writes: WriteReach,
    private readonly clock: Clock,
    private readonly databaseClock: DatabaseClock,
  ) {
    const leave = (): void => realm.leave();
    this.isCluster = realm.unitCount > 1;
    this.cold = new ColdUnits(realm);
    this.whole = new UnitGuard(row, leave, this.polls, clock);
    const isWholeBlind = (): boolean => this.whole.blindness.holds();
    this.units = this.isCluster
      ? Array.from(
          { length: realm.unitCount },
          (_, unit) => new UnitGuard(row.units.of(unit), leave, this.polls, clock, isWholeBlind),
        )
      : [this.whole];
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

  /**
   * The identity of a counter's entry, which may be served and filled right now; null: read the truth. To be asked for
   * each read.
   */
  permission(name: string): Identity | null {
    const known = this.unitOf(name).permissions.permitted();
    if (known === null) return null;
    return this.isCluster ? identityFor(known, KEY_PREFIX + name) : (known.identities[0] ?? null);
  }

  /** The same for many counters, to be used at once. */
  permit(): Permit {
    if (this.isCluster) return (name) => this.permission(name);
    const [identity] = this.whole.permissions.permitted()?.identities ?? [];
    return identity === undefined ? NOTHING : () => identity;
  }

  /** The identity of an entry that may be served marked as unverified, since Postgres is away. */
  unverified(name: string): Identity | null {
    const known = this.unverifiedOf(this.unitOf(name));
    return known === null ? null : identityFor(known, KEY_PREFIX + name);
  }

  /** Whether all counters wait for the same. */
  get isOneUnit(): boolean {
    return !this.isCluster;
  }

  /** The unit that a counter is of; what is published of one unit waits for nothing of another. */
  unitNumberOf(name: string): number {
    return this.realm.unitOf(name);
  }

  /** See `Clearance.of`: whatever was learned from the truth of counters of one unit is told only after it. */
  withClearance<T>(unit: number, publish: (permit: Permit) => Promise<T>): Promise<T | null> {
    const guard = this.units[unit] ?? this.whole;
    return guard.clearance.of((known) => publish((name) => identityFor(known, KEY_PREFIX + name)));
  }

  /** As probes are told it: `degraded` where entries of any unit may not be served just now. */
  health(): GuardHealth {
    const serves = this.units.every(
      (unit) => unit.permissions.permitted() !== null || this.unverifiedOf(unit) !== null,
    );
    return { postgres: this.servers.hasPostgres ? 'up' : 'down', redis: serves ? 'up' : 'degraded' };
  }

  /** The worst of its units. */
  standing(): GuardStanding {
    const { blind, waiting, unverified } = this.unitsStanding();
    if (blind > 0) return 'blind';
    if (waiting > 0) return 'waiting';
    return unverified > 0 ? 'unverified' : 'serving';
  }

  /** How many units stand how. */
  unitsStanding(): UnitsStanding {
    const found = { serving: 0, unverified: 0, blind: 0, waiting: 0 };
    const isWholeBlind = this.isCluster && this.whole.standing() === 'blind';
    for (const unit of this.units) {
      const standing = unit.standing();
      if (standing !== 'serving' && this.unverifiedOf(unit) !== null) found.unverified += 1;
      else found[standing === 'waiting' && isWholeBlind ? 'blind' : standing] += 1;
    }
    return found;
  }

  /** How often the place of a unit was found to be another one, of all units. */
  get moves(): number {
    return this.units.reduce((sum, { moves }) => sum + moves, 0);
  }

  /** Whether this instance may serve entries of a unit right now. */
  serves(unit: number): boolean {
    return this.units[unit]?.permissions.permitted() != null;
  }

  /** Whether this instance may serve entries of every unit right now. */
  get isServing(): boolean {
    return this.units.every((unit) => unit.permissions.permitted() !== null);
  }

  /**
   * Looks whether the keys are there whose absence tells of a flush, or of an earlier epoch: of a cluster for a part of
   * the units; null: no Redis answers.
   */
  async sentinel(): Promise<boolean | null> {
    const sightings = await this.realm.look();
    const asked = sightings.flatMap((sighting, number) => {
      if (sighting?.sentinel === undefined) return [];
      return [{ noted: sighting.sentinel, known: this.units[number]?.permissions.permitted() ?? null }];
    });
    if (asked.length === 0) return null;
    return asked.every(
      ({ noted, known }) => noted !== null && (known === null || noted === known.identities[0]?.digest),
    );
  }

  /** What this instance sees of the servers, as of the last poll. */
  seen(): Seen {
    return { ...this.servers.reach, standing: this.standing() };
  }

  /** Calls back, at once, whenever a poll sees something else than the one before. */
  onTurn(listener: (seen: Seen, before: Seen) => void): void {
    this.lastSeen.onTurn(listener);
  }

  /** The Redis that the row named when it was read last; null before that. */
  get named(): string | null {
    return this.whole.permissions.latest?.state.redis ?? null;
  }

  /** The epoch of the guard's row, as it was read last; null before that. Decimal digits. */
  get epoch(): string | null {
    return this.state?.epoch ?? null;
  }

  /** Which data Postgres holds, as it was read last; null before that. */
  get database(): string | null {
    return this.state?.database ?? null;
  }

  /** Calls back when the cache was found empty or foreign, in the one instance that noticed first. */
  onColdCache(listener: () => void): void {
    this.cold.onCold(listener);
  }

  /**
   * Calls back when Postgres holds other data than before, or may: a standby took over, a backup was restored, or it
   * began anew. Sessions with the one before were ended already, so what is read from here on is of this one.
   */
  onOtherDatabase(listener: () => void): void {
    this.otherDatabaseListeners.push(listener);
  }

  private unitOf(name: string): UnitGuard {
    return (this.isCluster ? this.units[this.realm.unitOf(name)] : null) ?? this.whole;
  }

  private unverifiedOf(unit: UnitGuard): ReturnType<UnitGuard['permissions']['unverified']> {
    return this.servers.hasPostgres ? null : unit.permissions.unverified(unit.sighting);
  }

  private async tryPoll(): Promise<void> {
    // Postgres went away between two statements; the next poll finds out.
    await this.poll().catch((error: unknown) => this.log.debug(error));
    this.lastSeen.note(this.seen());
    const nowMs = this.clock.monotonicMs();
    const blind = this.units.filter((unit) => unit.permissions.permitted() === null).length;
    this.blindMs += ((nowMs - this.lookedAtMs) * blind) / this.units.length;
    this.lookedAtMs = nowMs;
  }

  private async poll(): Promise<void> {
    const sentAt = this.clock.moment();
    const looked = this.realm.look();
    // Who sees no slot open any more must read what those told who saw one.
    if (this.isCluster) await looked;
    const readAtMs = this.clock.monotonicMs();
    const [state, sightings] = await Promise.all([
      (this.isCluster ? this.row.pollUnits() : this.row.poll()).catch((error: unknown) => this.noteFault(error)),
      looked,
    ]);
    this.noteSightings(sightings);
    const isReached = sightings.every((sighting) => sighting !== null);
    this.servers.note({ postgres: state !== null, redis: isReached });
    this.servers.tell({ postgres: this.postgresFault, redis: this.realm.fault }, this.isStarting);
    // Before anything else is asked: what is wrong is told at once.
    if (state === null || !isReached) this.lastSeen.note(this.seen());
    if (state === null) return;
    // Nobody waits for it: a write may take longer than a permission lasts.
    void this.writes.look(state);
    const answeredAtMs = this.clock.monotonicMs();
    this.databaseClock.note(state.nowMs, readAtMs, answeredAtMs);
    this.noteState(state);
    await this.advance(state, sightings, sentAt, answeredAtMs);
    if (state.overlong && !state.readOnly) await this.row.shorten();
  }

  private async advance(
    state: GuardState | UnitsState,
    sightings: readonly (Sighting | null)[],
    sentAt: Moment,
    answeredAtMs: number,
  ): Promise<void> {
    const alone: Scope = {
      database: state.database,
      epoch: '',
      isNamed: true,
      isQuiet: true,
      isBlind: false,
      readOnly: state.readOnly,
      isStarting: this.clock.monotonicMs() - this.startedAtMs < START_GRACE_MS,
    };
    const times = { sentAt, answeredAtMs };
    const whole = this.isCluster ? wholeOf(sightings) : (sightings[0] ?? null);
    const standing = await this.whole.advance({ state, sighting: whole, scope: alone, ...times });
    if (this.isCluster && 'units' in state) {
      const scope: Scope = {
        ...alone,
        epoch: `${state.epoch}.`,
        isNamed: standing === 'named',
        isQuiet: this.whole.isQuiet,
        isBlind: this.whole.isKeepingBlind,
      };
      const advanced = await Promise.allSettled(
        this.units.map((unit, number) => {
          const own = state.units[number];
          if (own === undefined) throw new Error(`the row of unit ${number} of the cache is missing`);
          return unit.advance({ state: own, sighting: sightings[number] ?? null, scope, ...times });
        }),
      );
      const failed = advanced.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    await this.cold.look(this.units);
  }

  private noteSightings(sightings: readonly (Sighting | null)[]): void {
    this.units.forEach((unit, number) => unit.see(sightings[number] ?? null));
    if (this.isCluster) this.whole.see(wholeOf(sightings));
  }

  private noteState(state: GuardState): void {
    const { database } = this;
    this.state = state;
    if (database !== null && database !== state.database) this.noteOtherDatabase();
  }

  private noteOtherDatabase(): void {
    // Its entries are of the one before, and the poll that would say so may not have reached Redis.
    for (const unit of [this.whole, ...this.units]) unit.permissions.forget();
    for (const listener of this.otherDatabaseListeners) listener();
  }

  private get isStarting(): boolean {
    return this.whole.permissions.latest === null && this.clock.monotonicMs() - this.startedAtMs < START_GRACE_MS;
  }

  private noteFault(error: unknown): null {
    this.postgresFault = error instanceof Error ? error.message : String(error);
    return null;
  }
}
