/** Upper bounds for times, in seconds: from a hit in the cache to what a client has given up. */
export const SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** Upper bounds for the writes of a batch. */
export const SIZES: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000];

/** Counts values by their size. To observe one costs some nanoseconds and allocates nothing. */
export class Buckets {
  /** How many values lie in each bucket and in no smaller one; the last has no upper bound. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds rising */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (value > (this.bounds[at] ?? Infinity)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}
