import { setImmediate as endOfTurn } from 'node:timers/promises';

/** What a lane carries: one or several writes that are decided together. */
export interface Queued {
  /** When it was accepted, milliseconds of the monotonic clock. */
  readonly acceptedAtMs: number;
  /** How many writes it holds. */
  readonly size: number;
}

/** Nothing of a batch was written; its members may be tried again. */
export class NotWritten extends Error {
  override readonly name = 'NotWritten';
}

/** Pause before what could not be written is tried again, with jitter, so that instances fall out of step. */
const RETRY_PAUSE_MS = 20;
const RETRY_JITTER_MS = 60;

/**
 * Gathers what arrives while the previous batch is being committed, and commits it as the next one. Nobody waits for a
 * timer, and a lone write is committed at once.
 */
export class Lane<T extends Queued> {
  private queue: T[] = [];
  private running = false;

  /**
   * @param maxBatch writes in one batch, at most; a larger member goes alone
   * @param commit commits a batch and returns what of it is undecided, in order: nothing of that was written, and it is
   *   queued again. All others were answered, or will be. Never throws: it could not tell which of them were committed
   */
  constructor(
    private readonly maxBatch: number,
    private readonly commit: (batch: readonly T[]) => Promise<readonly T[]>,
  ) {}

  add(item: T): void {
    this.queue.push(item);
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      // What arrives in the same turn of the event loop goes together, and what lies in the sockets by then.
      await endOfTurn();
      const undecided = await this.commit(this.takeBatch());
      if (undecided.length === 0) continue;
      this.queue = [...undecided, ...this.queue];
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS + Math.random() * RETRY_JITTER_MS));
    }
    this.running = false;
  }

  private takeBatch(): T[] {
    let size = 0;
    let end = 0;
    for (const item of this.queue) {
      size += item.size;
      if (end > 0 && size > this.maxBatch) break;
      end += 1;
    }
    return this.queue.splice(0, end);
  }
}
