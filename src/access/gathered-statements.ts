import { Unavailable } from '../domain/errors.js';

/** Items in one statement: some milliseconds of work. */
const MAX_ITEMS = 500;

/** Requests waiting for a statement; beyond it they are refused, since they could not be answered in time. */
const MAX_WAITING = 10_000;

interface Waiting<I, V> {
  readonly item: I;
  readonly resolve: (answer: V) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts what many requests ask for into one statement, and runs one at a time: however many unknown keys are tried out,
 * they cost one connection, and whoever else needs it waits for one statement.
 */
export class GatheredStatements<I, V> {
  private waiting: Waiting<I, V>[] = [];
  private running = false;

  /** @param run the statement, for up to 500 items, some of them the same; tells what came of each */
  constructor(private readonly run: (items: readonly I[]) => Promise<(item: I) => V>) {}

  /**
   * What a statement that begins after the call answers for the item.
   *
   * @throws Unavailable where too many wait, and whatever the statement throws
   */
  async one(item: I): Promise<V> {
    if (this.waiting.length >= MAX_WAITING) throw new Unavailable('Too many keys are being looked up.');
    const answer = new Promise<V>((resolve, reject) => this.waiting.push({ item, resolve, reject }));
    if (!this.running) void this.work();
    return answer;
  }

  private async work(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const asking = this.waiting.splice(0, MAX_ITEMS);
      try {
        const answerOf = await this.run(asking.map(({ item }) => item));
        for (const { item, resolve } of asking) resolve(answerOf(item));
      } catch (error) {
        for (const { reject } of asking) reject(error);
      }
    }
    this.running = false;
  }
}
