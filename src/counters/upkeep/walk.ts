import type { Drift } from './drift.js';
import type { Clock } from '../clock.js';

/** An entry that looked older, and the version it must have reached by the second look. */
export interface Suspect {
  readonly version: number;
  readonly seenAtMs: number;
}

/** What one walk through the cache came to so far. */
export class Walk {
  /** Entries that were compared; one may be compared twice. */
  compared = 0;
  /** Keys that were no entry of the present identity. */
  others = 0;
  /** Keys of units whose entries might not be served when it came to them. */
  unserved = 0;
  behind = 0;
  wrong = 0;
  /** Entries that were replaced or deleted. */
  repaired = 0;
  /** The first of those that drifted. */
  readonly drift: Drift[] = [];
  /** In the order they were seen. */
  readonly suspects = new Map<string, Suspect>();
  private readonly startedAtMs: number;

  /** @param maxDrift how many are told of one by one */
  constructor(
    private readonly maxDrift: number,
    private readonly clock: Clock,
  ) {
    this.startedAtMs = clock.monotonicMs();
  }

  get durationMs(): number {
    return Math.round(this.clock.monotonicMs() - this.startedAtMs);
  }

  /** Counts what was found; the first of them are kept to be told. */
  note(drift: Drift): void {
    this[drift.kind] += 1;
    if (this.drift.length < this.maxDrift) this.drift.push(drift);
  }
}
