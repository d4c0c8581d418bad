import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';

/**
 * Absences that an instance may bring to the cache: some 2 MB, most of which are gone after seconds. Names that are not
 * there are asked for without end; the entries of counters must not have to make room for them.
 */
export const ABSENCES_PER_MINUTE = 6_000;

const PER_MS = ABSENCES_PER_MINUTE / 60_000;

/** Whether one more absence may be brought to the cache. */
@Injectable()
export class AbsenceBudget {
  private left = ABSENCES_PER_MINUTE;
  private updatedAtMs: number;

  constructor(private readonly clock: Clock) {
    this.updatedAtMs = clock.monotonicMs();
  }

  /** Takes one, where one is left; they come back with time. */
  take(): boolean {
    const nowMs = this.clock.monotonicMs();
    this.left = Math.min(ABSENCES_PER_MINUTE, this.left + (nowMs - this.updatedAtMs) * PER_MS);
    this.updatedAtMs = nowMs;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
