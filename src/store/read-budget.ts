import { setTimeout as sleep } from 'node:timers/promises';

/** What a statement costs Postgres by itself, in names read: 0.08 ms, where a name costs 0.007 (`bench/scale`). */
export const NAMES_A_STATEMENT_COSTS = 12;

/** A read that would have to wait longer is refused: its client would wait in vain, and others behind it. */
const LONGEST_WAIT_MS = 1_000;

/** What was not used may be made up for: names that all come at once, after a flush, wait for nothing. */
const SAVED_UP_MS = 1_000;

/**
 * How much of Postgres the reads of this instance may take: so that a Redis that fails under many reads slows them
 * down, and never the commits. It is counted in names, and statements cost some as well: reads that have to wait are
 * read together, which costs Postgres far less.
 */
export class ReadBudget {
  /** When all that was begun is paid for, by the monotonic clock. */
  private paidAtMs = 0;
  private readonly perMs: number;

  /** @param perSecond names read in a second, at least 1; Infinity: as many as come */
  constructor(perSecond: number) {
    this.perMs = perSecond / 1_000;
  }

  /** Reads that may wait at once; one more is refused. */
  get mostWaiting(): number {
    return Math.max(1, Math.floor(this.perMs * LONGEST_WAIT_MS));
  }

  /** Names that could be read at once without anybody having to wait for it. */
  get spare(): number {
    return Math.min(SAVED_UP_MS, -this.waitMs()) * this.perMs;
  }

  /** Waits until another statement may begin, and begins it: that pays for it at once, before anything is waited for. */
  async turn<T>(begin: () => Promise<T>): Promise<T> {
    for (let waitMs = this.waitMs(); waitMs > 0; waitMs = this.waitMs()) await sleep(Math.ceil(waitMs));
    return begin();
  }

  /** Pays for a statement that reads so many names. */
  pay(names: number): void {
    const costMs = (names + NAMES_A_STATEMENT_COSTS) / this.perMs;
    this.paidAtMs = Math.max(this.paidAtMs, performance.now() - SAVED_UP_MS) + costMs;
  }

  private waitMs(): number {
    return this.paidAtMs - performance.now();
  }
}
