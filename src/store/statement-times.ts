/** When a statement read or made truths, by two clocks. */
export interface StatementTimes {
  /** When it was sent, milliseconds of the monotonic clock. */
  readonly sentAtMs: number;
  /** What the database's clock said while it ran, RFC 3339. */
  readonly clock: string;
}
