import { Clock, type Moment } from '../../src/counters/clock.js';

/** Two clocks that the test moves. */
export class HandClock extends Clock {
  private now: Moment = { monotonicMs: 0, calendarMs: 0 };

  override monotonicMs(): number {
    return this.now.monotonicMs;
  }

  override moment(): Moment {
    return this.now;
  }

  pass(ms: number, calendarMs = ms): void {
    this.now = { monotonicMs: this.now.monotonicMs + ms, calendarMs: this.now.calendarMs + calendarMs };
  }
}
