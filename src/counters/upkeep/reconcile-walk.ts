import type { Drift } from './drift.js';

/** Drift told in a report; more of it says nothing new. */
const MAX_DRIFT = 100;

export interface ReconcileReport {
  /** Entries that were compared; one may be compared twice. */
  readonly compared: number;
  readonly behind: number;
  readonly wrong: number;
  /** Entries that were replaced or deleted. */
  readonly repaired: number;
  /** The first of them. */
  readonly drift: readonly Drift[];
  /** Whether the walk came to its end: not where the limit was reached, or entries may not be served now. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** An entry that looked older, and the version it must have reached by the second look. */
export interface Suspect {
  readonly version: number;
  readonly seenAtMs: number;
}

/** One walk through the cache. */
export class Walk {
  readonly startedAtMs = performance.now();
  compared = 0;
  behind = 0;
  wrong = 0;
  repaired = 0;
  readonly drift: Drift[] = [];
  /** In the order they were seen. */
  readonly suspects = new Map<string, Suspect>();

  note(drift: Drift): void {
    this[drift.kind] += 1;
    if (this.drift.length < MAX_DRIFT) this.drift.push(drift);
  }

  report(complete: boolean): ReconcileReport {
    const { compared, behind, wrong, repaired, drift } = this;
    const durationMs = Math.round(performance.now() - this.startedAtMs);
    return { compared, behind, wrong, repaired, drift, complete, durationMs };
  }
}
