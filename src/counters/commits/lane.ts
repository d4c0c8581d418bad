import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Span } from '@opentelemetry/api';
import { grouped } from '../../domain/grouped.js';
import type { Holder } from '../shares.js';

/** What a lane carries: one or several writes that are decided together. */
export interface Queued {
  /** When it was accepted, milliseconds of the monotonic clock. */
  readonly acceptedAtMs: number;
  /** How many writes it holds. */
  readonly size: number;
  /** Of the request that waits for it; null where nothing is traced. */
  readonly span: Span | null;
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
   * @param maxOfOne writes of one holder in it, at most, also where nobody else waits: who comes next waits for the batch
   * @param holderOf whose share of a batch it is; null where nobody's is counted
   * @param commit commits a batch and returns what of it is undecided, in order: nothing of that was written, and it is
   *   queued again. All others were answered, or will be. Never throws: it could not tell which of them were committed
   */
  constructor(
    private readonly maxBatch: number,
    private readonly maxOfOne: number,
    private readonly holderOf: (item: T) => Holder,
    private readonly commit: (batch: readonly T[]) => Promise<readonly T[]>,
  ) {}

  /** Puts it behind what waits, and begins at once where nothing is being committed. */
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
    const { maxBatch, maxOfOne } = this;
    if (sizeOf(this.queue) <= maxOfOne) return this.queue.splice(0);
    const holders = grouped(this.queue, this.holderOf);
    if (holders.size === 1 && holders.has(null)) return this.queue.splice(0, this.lengthOfBatch());
    // One after the other of each holder, since one of them may have sent a thousand before the others came.
    const waiting = [...holders].map(([holder, items]) => ({ holder, items, size: 0 }));
    const batch = new Set<T>();
    let size = 0;
    for (let turn = 0; waiting.length > 0; turn += 1) {
      for (const own of [...waiting]) {
        const item = own.items[turn];
        const isFull = size + (item?.size ?? 0) > maxBatch && batch.size > 0;
        const hadItsShare = own.holder !== null && own.size > 0 && own.size + (item?.size ?? 0) > maxOfOne;
        if (item === undefined || isFull || hadItsShare) {
          waiting.splice(waiting.indexOf(own), 1);
          continue;
        }
        batch.add(item);
        own.size += item.size;
        size += item.size;
      }
    }
    const taken = this.queue.filter((item) => batch.has(item));
    this.queue = this.queue.filter((item) => !batch.has(item));
    return taken;
  }

  /** How many members from the front of the queue make a batch, at least one. */
  private lengthOfBatch(): number {
    let [size, length] = [0, 0];
    for (const item of this.queue) {
      size += item.size;
      if (size > this.maxBatch && length > 0) break;
      length += 1;
    }
    return length;
  }
}

/** Of those who wait for a batch. */
export function* spansOf(batch: readonly Queued[]): Generator<Span | null> {
  for (const { span } of batch) yield span;
}

function sizeOf(items: readonly Queued[]): number {
  let size = 0;
  for (const item of items) size += item.size;
  return size;
}
