import { Injectable } from '@nestjs/common';

/** An instant, by both clocks of this process. */
export interface Moment {
  /** Runs on evenly, from an arbitrary beginning; stands still while the machine is suspended. */
  readonly monotonicMs: number;
  /** Since 1970; may be set. */
  readonly calendarMs: number;
}

/** The clocks of this process. They measure how long something took; what time it is, the database knows. */
@Injectable()
export class Clock {
  /** Milliseconds, only ever rising, from no moment in particular. */
  monotonicMs(): number {
    return performance.now();
  }

  moment(): Moment {
    return { monotonicMs: this.monotonicMs(), calendarMs: Date.now() };
  }

  /**
   * Milliseconds since then, by the clock that counts more of them: a machine may have been suspended. A calendar that
   * was set meanwhile, either way, looks the same, and counts as time too.
   */
  ageMs(then: Moment): number {
    const now = this.moment();
    return Math.max(now.monotonicMs - then.monotonicMs, Math.abs(now.calendarMs - then.calendarMs));
  }
}
