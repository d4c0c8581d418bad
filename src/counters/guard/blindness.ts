import { BLIND_MS } from '../../store/guard-row.js';
import type { UnitRow } from '../../store/unit-rows.js';
import type { Clock, Moment } from '../clock.js';

/** P: how long a permission to serve entries lasts. Going blind waits this long, until every one given has run out. */
export const PERMISSION_MS = 1_000;

/** Two clocks never run at quite the same speed. */
const CLOCK_MARGIN_MS = 100;

/** How long this instance believes in its period, since it sent the registration or the last renewal. */
const BELIEVED_MS = BLIND_MS - CLOCK_MARGIN_MS;

/** A renewal is due after this much of it; several tries fit into what is left. */
const RENEW_AFTER_MS = 800;

/**
 * The blind period of this instance: while it lasts, no instance serves an entry, and this one may answer without
 * having published. A failover does not end it: whoever sees another database waits longer than it can last.
 */
export class Blindness {
  /** When the registration or the last renewal was sent; null before the first. */
  private keptAt: Moment | null = null;
  /** When every permission that was given before it has run out, by the monotonic clock. */
  private fromMs = Infinity;

  constructor(
    private readonly row: UnitRow,
    private readonly clock: Clock,
  ) {}

  /** Whether an answer may go out now without having been published. */
  holds(): boolean {
    return this.isKept() && this.fromMs <= this.clock.monotonicMs();
  }

  /** Whether it is registered, so that a poll which begins from now on finds it in the row. */
  isKept(): boolean {
    return this.keptAt !== null && this.clock.ageMs(this.keptAt) < BELIEVED_MS;
  }

  /**
   * Registers a blind period, or renews the running one when it is due.
   *
   * @throws StoreFailure
   */
  async keep(): Promise<void> {
    const sentAt = this.clock.moment();
    if (this.keptAt === null || !this.isKept()) {
      await this.row.register();
      this.fromMs = this.clock.monotonicMs() + PERMISSION_MS;
      this.keptAt = sentAt;
    } else if (this.clock.ageMs(this.keptAt) >= RENEW_AFTER_MS) {
      const renewed = await this.row.renew();
      // The answer counts only if it came while the old period still held; otherwise others may have begun to read.
      if (renewed && this.isKept()) this.keptAt = sentAt;
    }
  }
}
