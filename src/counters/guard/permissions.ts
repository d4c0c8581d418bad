import type { Identity } from '../../cache/identity.js';
import type { Realm } from '../../cache/realm.js';
import type { GuardState } from '../../store/guard-row.js';
import { PERMISSION_MS } from './blindness.js';
import type { Clock, Moment } from '../clock.js';
import type { Ground } from './ground.js';

/** What one poll learned from Postgres and Redis together. */
export interface Knowledge {
  readonly state: GuardState;
  readonly identity: Identity;
  /** Of the connection by which the Redis was found. */
  readonly generation: number;
  /** Whether nobody is blind. */
  readonly quiet: boolean;
  readonly sentAt: Moment;
}

/** What follows from the last poll in which both answered, for as long as it may be relied upon. */
export class Permissions {
  private known: Knowledge | null = null;

  constructor(
    private readonly realm: Realm,
    private readonly ground: Ground,
    private readonly clock: Clock,
  ) {}

  /** The last poll in which both answered; null before that, and under another database. */
  get latest(): Knowledge | null {
    return this.known;
  }

  learn(known: Knowledge): void {
    this.known = known;
  }

  /** What was learned is of another database. */
  forget(): void {
    this.known = null;
  }

  /** The identity whose entries may be served and filled right now; null: read the truth. */
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
    const sameRedis = known !== null && this.ground.redisAnswers && known.generation === this.realm.generation;
    return sameRedis && !this.ground.hasPostgres && known.state.settled && known.quiet ? known.identity : null;
  }

  /** Whether this Redis is known, from less than a second ago, to be the one that everybody is to read. */
  isCurrent(known: Knowledge): boolean {
    return (
      this.clock.ageMs(known.sentAt) < PERMISSION_MS &&
      known.state.settled &&
      known.generation === this.realm.generation &&
      this.realm.isReady
    );
  }
}
