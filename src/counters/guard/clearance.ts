import type { Identity } from '../../cache/identity.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { Unavailable } from '../../domain/errors.js';
import type { Blindness } from './blindness.js';
import type { Clock } from '../clock.js';
import type { Permissions } from './permissions.js';
import type { Polls } from './polls.js';

/** Tries to publish before the instance goes blind. */
const PUBLISH_ATTEMPTS = 2;

/** An answer that waits longer for the guard is given up: the client is told that it cannot be known. */
const CLEARANCE_TIMEOUT_MS = 2_500;

/** The guard's word that what was learned from the truth may be told. */
export class Clearance {
  private failed = false;

  constructor(
    private readonly permissions: Permissions,
    private readonly blindness: Blindness,
    private readonly polls: Polls,
    private readonly clock: Clock,
  ) {}

  /** Whether a publish failed, and so this instance must go blind. */
  get hasFailed(): boolean {
    return this.failed;
  }

  /** The instance went blind for it. */
  forgetFailure(): void {
    this.failed = false;
  }

  /**
   * Publishes what is about to be told to a client, and returns when it may be told.
   *
   * @param publish brings it to the cache; throws CacheUnavailable
   * @returns what `publish` returned; null where it may be told although it was not published
   * @throws Unavailable when neither came true in time
   */
  async of<T>(publish: (identity: Identity) => Promise<T>): Promise<T | null> {
    const { permissions } = this;
    const deadlineMs = this.clock.monotonicMs() + CLEARANCE_TIMEOUT_MS;
    for (let attempt = 1; this.clock.monotonicMs() < deadlineMs;) {
      const known = permissions.latest;
      if (known !== null && permissions.isCurrent(known)) {
        try {
          const published = await publish(known.identity);
          // The row may name another Redis by now: only what is known to be recent says that this one counts.
          const { latest } = permissions;
          if (permissions.isCurrent(known) || (latest !== null && permissions.isCurrent(latest))) return published;
        } catch (error) {
          if (!(error instanceof CacheUnavailable)) throw error;
          attempt += 1;
          if (attempt <= PUBLISH_ATTEMPTS) continue;
          this.failed = true;
        }
      }
      if (this.blindness.holds()) return null;
      this.polls.hurry();
      await this.polls.endOfOne(deadlineMs - this.clock.monotonicMs());
    }
    throw new Unavailable('the cache cannot be brought up to date, nor the other instances told');
  }
}
