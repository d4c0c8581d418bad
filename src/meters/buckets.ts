/** Upper bounds for times, in seconds: from a hit in the cache to what a client has given up. */
export const SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** Upper bounds for the writes of a batch. */
export const SIZES: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000];

/** A value that was observed, and the trace that tells of it. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Seconds since 1970. */
  readonly at: number;
}

/** Counts values by their size. To observe one costs some nanoseconds and allocates nothing. */
export class Buckets {
  /** How many values lie in each bucket and in no smaller one; the last has no upper bound. */
  readonly counts: number[];
  sum = 0;
  /** The last of each bucket that was traced, by the bucket's index. */
  readonly exemplars = new Map<number, Exemplar>();

  /** @param bounds rising */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** @param traceId of the trace that tells of it; null where there is none */
  observe(value: number, traceId: string | null = null): void {
    let at = 0;
    while (value > (this.bounds[at] ?? Infinity)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
    if (traceId !== null) this.exemplars.set(at, { traceId, value, at: Date.now() / 1_000 });
  }
}
