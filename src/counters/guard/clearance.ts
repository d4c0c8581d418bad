import { CacheUnavailable, isRefusal } from '../../cache/redis-connection.js';
import { Unavailable } from '../../domain/errors.js';
import type { Clock } from '../clock.js';
import { isSamePlace, type Knowledge, type Permissions } from './permissions.js';
import type { Polls } from '../polls.js';

/** Tries to publish before the instance goes blind. */
const PUBLISH_ATTEMPTS = 2;

/** An answer that waits longer for the guard is given up: the client is told that it cannot be known. */
const CLEARANCE_TIMEOUT_MS = 2_500;

/** What is known of one unit. */
export interface KnownUnit {
  readonly permissions: Permissions;
  /** Whether an answer may go out without having been published. */
  readonly isBlind: () => boolean;
  /** Whether its keys may be moved to another server, and come back. */
  readonly canMove: boolean;
}

/** The guard's word that what was learned from the truth about counters of one unit may be told. */
export class Clearance {
  /** Answers that wait, and could not be published. */
  private readonly failing = new Set<symbol>();

  constructor(
    private readonly unit: KnownUnit,
    private readonly polls: Polls,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether an answer waits that could not be published, and so this instance must go blind. Not for one that was given up:
   * where nobody can be told, as while a commit waits for a standby, one late answer of Redis would hold up all that follow.
   */
  get hasFailed(): boolean {
    return this.failing.size > 0;
  }

  /** The instance went blind for them. */
  forgetFailure(): void {
    this.failing.clear();
  }

  /**
   * Publishes what is about to be told to a client, and returns when it may be told.
   *
   * @param publish brings it to the place that is known; throws CacheUnavailable
   * @returns what `publish` returned; null where it may be told although it was not published
   * @throws Unavailable when neither came true in time
   */
  async of<T>(publish: (known: Knowledge) => Promise<T>): Promise<T | null> {
    const { permissions, isBlind } = this.unit;
    const deadlineMs = this.clock.monotonicMs() + CLEARANCE_TIMEOUT_MS;
    let mark: symbol | null = null;
    try {
      for (let attempt = 1; this.clock.monotonicMs() < deadlineMs;) {
        const known = permissions.latest;
        if (known !== null && permissions.isCurrent(known)) {
          try {
            const published = await publish(known);
            if (this.stillCounts(known)) return published;
          } catch (error) {
            if (!(error instanceof CacheUnavailable)) throw error;
            attempt += 1;
            if (attempt > PUBLISH_ATTEMPTS) this.failing.add((mark ??= Symbol()));
            // It was sent elsewhere, and the next look will find where; what did not answer is asked again at once.
            else if (!isRefusal(error.cause)) continue;
          }
        }
        if (isBlind()) return null;
        this.polls.hurry();
        await this.polls.endOfOne(deadlineMs - this.clock.monotonicMs());
      }
    } finally {
      if (mark !== null) this.failing.delete(mark);
    }
    throw new Unavailable('the cache cannot be brought up to date, nor the other instances told');
  }

  /**
   * The row may name another place by now: only what is known to be recent says that this one counts. Where keys can be
   * sent away and come back, what was seen after the publish does not say it.
   */
  private stillCounts(known: Knowledge): boolean {
    const { permissions, canMove } = this.unit;
    const { latest } = permissions;
    if (permissions.isCurrent(known)) return true;
    if (canMove) return false;
    return latest !== null && permissions.isCurrent(latest) && isSamePlace(latest.sighting, known.sighting);
  }
}
