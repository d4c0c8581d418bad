import type { GuardRow } from '../../store/guard-row.js';

/** P: how long a permission to serve entries lasts. Going blind waits this long, until every one given has run out. */
export const PERMISSION_MS = 1_000;

/** L: a blind period is registered, and renewed, for this long. */
const BLIND_MS = 3_000;

/** Two clocks never run at quite the same speed. */
const CLOCK_MARGIN_MS = 100;

/** A renewal is due when this much of the period is left; several tries fit into it. */
const RENEW_BELOW_MS = 2_200;

/**
 * The blind period of this instance: while it lasts, no instance serves an entry, and this one may answer without
 * having published. Times are milliseconds of the monotonic clock.
 */
export class Blindness {
  private from = Infinity;
  private until = -Infinity;

  constructor(private readonly row: GuardRow) {}

  /** Whether an answer may go out now without having been published. */
  holds(): boolean {
    const now = performance.now();
    return this.from <= now && now < this.until;
  }

  /**
   * Registers a blind period, or renews the running one when it is due.
   *
   * @throws StoreFailure
   */
  async keep(): Promise<void> {
    const sentAt = performance.now();
    if (sentAt >= this.until) return this.register(sentAt);
    if (this.until - sentAt > RENEW_BELOW_MS) return;
    const renewed = await this.row.renew(BLIND_MS);
    // The answer counts only if it came while the old period still held; otherwise others may have begun to read.
    if (renewed && performance.now() < this.until) this.until = sentAt + BLIND_MS - CLOCK_MARGIN_MS;
  }

  private async register(sentAt: number): Promise<void> {
    await this.row.register(BLIND_MS);
    this.from = performance.now() + PERMISSION_MS;
    this.until = sentAt + BLIND_MS - CLOCK_MARGIN_MS;
  }
}
