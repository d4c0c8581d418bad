import { Injectable, Logger } from '@nestjs/common';
import { Unavailable } from '../domain/errors.js';
import { Clock } from './clock.js';

/** A clock that is set forth or back by more is told of; less is what busy machines and slow answers look like. */
const JUMP_MS = 2_000;

/**
 * What time it is, by the database's clock: the only one that all instances share. Whatever outlives this process (what
 * is kept, since when, what has expired) goes by it; the calendar of this process may be months off. The guard's polls
 * bring it; in between, and while Postgres is away, it runs on with the process's monotonic clock.
 */
@Injectable()
export class DatabaseClock {
  private readonly log = new Logger(DatabaseClock.name);
  /** How far it is ahead of the monotonic clock; null before the first answer. */
  private aheadMs: number | null = null;
  /** How far it may have been away from that, for all that the last answer told. */
  private uncertainMs = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Takes over what the database said.
   *
   * @param nowMs milliseconds since 1970
   * @param sentAtMs when it was asked, and `answeredAtMs` when the answer was here, by the monotonic clock
   */
  note(nowMs: number, sentAtMs: number, answeredAtMs: number): void {
    const aheadMs = nowMs - (sentAtMs + answeredAtMs) / 2;
    const jumpMs = aheadMs - (this.aheadMs ?? aheadMs);
    if (Math.abs(jumpMs) > JUMP_MS + (answeredAtMs - sentAtMs)) {
      this.log.warn({ msg: "the database's clock jumped: history and expiry go by it", jumpMs: Math.round(jumpMs) });
    }
    this.aheadMs = aheadMs;
    this.uncertainMs = (answeredAtMs - sentAtMs) / 2;
  }

  /**
   * Milliseconds since 1970.
   *
   * @throws Unavailable where the database has never answered
   */
  nowMs(): number {
    const nowMs = this.nowMsIfKnown();
    if (nowMs === null) throw new Unavailable('Postgres cannot be reached.');
    return nowMs;
  }

  /**
   * The latest that it can be, in milliseconds since 1970: what is left of a life is never told as more than it was given.
   *
   * @throws Unavailable where the database has never answered
   */
  latestMs(): number {
    return this.nowMs() + this.uncertainMs;
  }

  /**
   * Whether a moment (RFC 3339) has come, for all that is known; null: there is none. What the cache holds of a counter
   * that may have ended is not shown: Postgres knows.
   */
  isPast(moment: string | null): boolean {
    return moment !== null && Date.parse(moment) <= (this.nowMsIfKnown() ?? -Infinity) + this.uncertainMs;
  }

  /**
   * What it said at a moment of the monotonic clock, RFC 3339: for what is written down later than it was.
   *
   * @throws Unavailable where the database has never answered
   */
  at(monotonicMs: number): string {
    return new Date(this.nowMs() - this.clock.monotonicMs() + monotonicMs).toISOString();
  }

  /** The same as `nowMs`; null where the database has never answered. */
  nowMsIfKnown(): number | null {
    return this.aheadMs === null ? null : this.aheadMs + this.clock.monotonicMs();
  }
}
