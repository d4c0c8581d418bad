import type { Answer, Counted, Write } from '../../domain/operation.js';
import type { Increments } from './increment-run.js';
import type { BundleVerdict, Transaction, TransactionVerdict } from './verdict.js';

/** Where writes go: into batches of this process, or to the process that commits for all. */
export abstract class Commits {
  /** Writes that were accepted by this process and are not answered yet; those that another one commits wait there. */
  abstract get queueLength(): number;

  /**
   * Commits one write.
   *
   * @throws CounterError
   */
  abstract add(write: Write): Promise<Answer>;

  /**
   * Commits several writes, each for itself; they are answered together, in their order.
   *
   * @throws Unavailable where there is no room for all of them
   */
  abstract addEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]>;

  /**
   * Commits increments without keys, each for itself; they are answered together, in their order.
   *
   * @throws Unavailable where there is no room for all of them
   */
  abstract addIncrements(increments: Increments): Promise<readonly Counted[]>;

  /**
   * Commits several writes together, all or nothing.
   *
   * @throws CounterError
   */
  abstract addBundle(writes: readonly Write[]): Promise<BundleVerdict>;

  /**
   * Commits several writes and looks together, each deciding for itself.
   *
   * @throws CounterError
   */
  abstract addTransaction(transaction: Transaction): Promise<TransactionVerdict>;
}
