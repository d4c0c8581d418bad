import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Span } from '@opentelemetry/api';
import { grouped } from '../../domain/grouped.js';
import type { Holder } from '../shares.js';
import { Places } from './places.js';

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

/** In a smaller batch there are too few clients to wait for. */
const CROWD = 4;

/**
 * How long those who were answered are waited for at most, in ms: they need a reply of Redis, and their own way there and back.
 * As long as a commit of somebody else takes: so long the batch would wait in Postgres otherwise.
 */
const GATHER_MS = 2;

/** Writes that are worth a commit of their own: then nobody is waited for. */
const ENOUGH = 200;

/**
 * Gathers what arrives while the previous batch is being committed, and commits it as the next one. Nobody waits for a
 * timer, and a lone write is committed at once; but where others commit the same rows meanwhile, those who were just answered
 * are waited for, since half a batch holds others up as long as a whole one.
 */
export class Lane<T extends Queued> {
  private queue: T[] = [];
  private running = false;
  /** Ends the wait for those who were answered, once so many members wait. */
  private gathering: { readonly length: number; readonly end: () => void } | null = null;

  /**
   * @param maxBatch writes in one batch, at most; a larger member goes alone
   * @param maxOfOne writes of one holder in it, at most, also where nobody else waits: who comes next waits for the batch
   * @param holderOf whose share of a batch it is; null where nobody's is counted
   * @param gathers whether those who are answered are waited for, where they are many
   * @param commit commits a batch and returns what of it is undecided, in order: nothing of that was written, and it is
   *   queued again. All others were answered, or will be. Never throws: it could not tell which of them were committed
   * @param places shared with other lanes: so many of them commit at once
   */
  constructor(
    private readonly maxBatch: number,
    private readonly maxOfOne: number,
    private readonly holderOf: (item: T) => Holder,
    private readonly gathers: () => boolean,
    private readonly commit: (batch: readonly T[]) => Promise<readonly T[]>,
    private readonly places = new Places(1),
  ) {}

  /** Puts it behind what waits, and begins at once where nothing is being committed. */
  add(item: T): void {
    this.queue.push(item);
    if (this.gathering !== null && this.queue.length >= this.gathering.length) this.gathering.end();
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      // What arrives in the same turn of the event loop goes together, and what lies in the sockets by then.
      await endOfTurn();
      if (!this.places.takeNow()) await this.places.take();
      // Also what has come meanwhile.
      const batch = this.takeBatch();
      const undecided = await this.commit(batch);
      this.places.give();
      if (undecided.length === 0) {
        if (this.gathers()) await this.gather(batch.length);
        continue;
      }
      this.queue = [...undecided, ...this.queue];
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS + Math.random() * RETRY_JITTER_MS));
    }
    this.running = false;
  }

  /** Waits for as many as were just answered to come again. */
  private async gather(answered: number): Promise<void> {
    if (answered < CROWD || sizeOf(this.queue) >= ENOUGH) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.gathering = { length: this.queue.length + answered, end };
    });
    this.gathering = null;
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
