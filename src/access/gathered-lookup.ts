import { Unavailable } from '../counters/errors.js';

/** Ids in one SELECT: some milliseconds of work. */
const MAX_IDS = 500;

/** Requests waiting for a look-up; beyond it they are refused, since they could not be answered in time. */
const MAX_WAITING = 10_000;

interface Waiting<V> {
  readonly id: string;
  readonly resolve: (found: V | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Looks ids up, one statement at a time: however many unknown keys are tried out, they cost one connection. */
export class GatheredLookup<V> {
  private waiting: Waiting<V>[] = [];
  private running = false;

  /** @param find answers what it found of up to 500 ids, by id */
  constructor(private readonly find: (ids: readonly string[]) => Promise<ReadonlyMap<string, V>>) {}

  /**
   * What a statement that begins after the call finds.
   *
   * @throws Unavailable where too many wait, and whatever `find` throws
   */
  async one(id: string): Promise<V | undefined> {
    if (this.waiting.length >= MAX_WAITING) throw new Unavailable('Too many keys are being looked up.');
    const found = new Promise<V | undefined>((resolve, reject) => this.waiting.push({ id, resolve, reject }));
    if (!this.running) void this.work();
    return found;
  }

  private async work(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const asking = this.waiting.splice(0, MAX_IDS);
      try {
        const found = await this.find([...new Set(asking.map(({ id }) => id))]);
        for (const { id, resolve } of asking) resolve(found.get(id));
      } catch (error) {
        for (const { reject } of asking) reject(error);
      }
    }
    this.running = false;
  }
}
