import { type Identity, identityOf } from '../../cache/identity.js';
import type { Sighting } from '../../cache/sighting.js';
import type { UnitState } from '../../store/guard-state.js';
import type { UnitRow } from '../../store/unit-rows.js';
import { Blindness } from './blindness.js';
import { Clearance } from './clearance.js';
import type { Clock, Moment } from '../clock.js';
import { Naming, type Standing } from './naming.js';
import { isSamePlace, Permissions } from './permissions.js';
import type { Polls } from '../polls.js';
import { isQuiet, type Quiet, quietAfter, WAITS } from './quiet.js';
import { SILENCES_BEFORE_AWAY } from './reach.js';
import type { GuardStanding } from './standing.js';

/** What one poll saw of a unit. */
export interface UnitPoll {
  readonly state: UnitState;
  readonly sighting: Sighting | null;
  /** What this instance is in: see `Scope`. */
  readonly scope: Scope;
  readonly sentAt: Moment;
  /** When the answer of Postgres was here, by the monotonic clock. */
  readonly answeredAtMs: number;
}

/** What holds for all units alike. */
export interface Scope {
  /** Which data Postgres holds. */
  readonly database: string;
  /** Of the row of the whole, where a unit has one of its own; else ''. Digits, with a point behind them. */
  readonly epoch: string;
  /** Whether the row of the whole lets anybody use the cache at all, and whether nobody is blind by it. */
  readonly isNamed: boolean;
  readonly isQuiet: boolean;
  /** Whether this instance keeps everybody blind by the row of the whole. */
  readonly isBlind: boolean;
  /** Whether writes are refused, and a row is better left as it is. */
  readonly readOnly: boolean;
  /** Whether the service began a moment ago: Redis may come up later than that. */
  readonly isStarting: boolean;
}

/** What the guard does for one unit of the cache. A single Redis is one unit; of a cluster each has a row of its own. */
export class UnitGuard {
  readonly permissions: Permissions;
  readonly clearance: Clearance;
  readonly blindness: Blindness;
  private readonly naming: Naming;
  private quiet: Quiet | null = null;
  private isQuietNow = false;
  /** Epochs and database of what was learned last. */
  private identitiesAreOf = '';
  private keepsBlind = false;
  private seen: Sighting | null = null;
  private lastPlace: string | null = null;
  private silences = 0;

  /** How often its place was found to be another one. */
  moves = 0;

  /**
   * @param leave see `Naming`
   * @param isWholeBlind whether this instance may answer without having published, of whatever unit; null: there are no
   *   others, and its keys never move to another server
   */
  constructor(
    private readonly row: UnitRow,
    leave: () => void,
    polls: Polls,
    clock: Clock,
    isWholeBlind: (() => boolean) | null = null,
  ) {
    this.permissions = new Permissions(clock);
    this.blindness = new Blindness(row, clock);
    const isBlind = (): boolean => this.blindness.holds() || isWholeBlind?.() === true;
    this.clearance = new Clearance(
      { permissions: this.permissions, isBlind, canMove: isWholeBlind !== null },
      polls,
      clock,
    );
    this.naming = new Naming(row, leave, clock);
  }

  /** Whether the last poll found its place, and nobody blind, and its row naming that place. */
  get isQuiet(): boolean {
    return this.isQuietNow;
  }

  /** Where its keys are, as the last look found; null: that cannot be told. */
  get sighting(): Sighting | null {
    return this.seen;
  }

  /** Whether this instance keeps everybody blind, or tries to. */
  get isKeepingBlind(): boolean {
    return this.keepsBlind;
  }

  /** To be called with what each look found, whether Postgres answers or not. */
  see(sighting: Sighting | null): void {
    this.seen = sighting;
    this.silences = sighting === null ? this.silences + 1 : 0;
    if (sighting === null) return;
    if (this.lastPlace !== null && this.lastPlace !== sighting.place) this.moves += 1;
    this.lastPlace = sighting.place;
  }

  /**
   * Moves the unit's row on by one step where it must be, and learns what follows from it.
   *
   * @returns how its place stands to its row; null where there is no place
   * @throws StoreFailure
   */
  async advance(poll: UnitPoll): Promise<Standing | null> {
    const { state, sighting, scope, sentAt } = poll;
    this.quiet = quietAfter(this.quiet, { ...state, database: scope.database }, poll.answeredAtMs, WAITS);
    this.isQuietNow = isQuiet(this.quiet, sentAt.monotonicMs);
    const standing = sighting === null ? null : await this.naming.advance(state, sighting);
    if (sighting !== null && standing === 'named' && scope.isNamed && this.isToldOf(sighting, scope)) {
      this.learn(poll, sighting);
    }
    this.keepsBlind = this.mustBeBlind(standing, scope);
    if (this.keepsBlind) await this.blindness.keep();
    else if (this.isQuietNow && !state.vouched && !scope.readOnly) await this.row.vouch(state, scope.database);
    this.clearance.forgetFailure();
    return standing;
  }

  /** How its entries are served by this instance. */
  standing(): GuardStanding {
    if (this.permissions.permitted() !== null) return 'serving';
    const isOthers = this.permissions.latest?.quiet === false && this.quiet?.because === 'blind';
    return this.blindness.holds() || isOthers ? 'blind' : 'waiting';
  }

  /**
   * Whether everybody was told of a slot that is open, before it is relied upon where its keys are: once its move is
   * cancelled, what was sent away may come back over what was published meanwhile.
   */
  private isToldOf({ isMoving }: Sighting, { isBlind }: Scope): boolean {
    return !isMoving || isBlind || this.blindness.isKept();
  }

  private learn({ state, scope, sentAt }: UnitPoll, sighting: Sighting): void {
    const quiet = this.isQuietNow && scope.isQuiet && !sighting.isMoving;
    const identities = this.identitiesFor(state, sighting, scope);
    this.permissions.learn({ state, sighting, identities, quiet, sentAt });
  }

  private identitiesFor({ epoch }: UnitState, sighting: Sighting, scope: Scope): readonly Identity[] {
    const { latest } = this.permissions;
    const of = `${scope.epoch}${epoch} ${scope.database}`;
    // The same, while nothing is another: digests cost time, of many units every moment.
    if (latest !== null && of === this.identitiesAreOf && isSamePlace(latest.sighting, sighting))
      return latest.identities;
    this.identitiesAreOf = of;
    return sighting.posts.map(({ server, line }) => identityOf(server, line, scope.epoch + epoch, scope.database));
  }

  private mustBeBlind(standing: Standing | null, scope: Scope): boolean {
    // What keeps everybody from the cache need not be said once more of each unit.
    if (scope.isBlind) return false;
    if (standing === 'contested' || this.clearance.hasFailed || this.seen?.isMoving === true) return true;
    if (standing !== null) return false;
    const isStarting = scope.isStarting && this.permissions.latest === null;
    return !isStarting && this.silences >= SILENCES_BEFORE_AWAY;
  }
}
