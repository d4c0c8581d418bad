import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Batches } from '../../store/batches.js';
import { IdempotencyKeys } from '../../store/idempotency-keys.js';

/** A batch is sent again for seconds after its connection was lost; ten minutes leave room for a frozen process. */
const BATCH_LIFE_MS = 600_000;

/** After a quiet night too, these tell which counters a cold cache is to be filled with. */
const KEPT_BATCHES = 1_000;

/** Rows in one statement: tens of milliseconds, far below the statement timeout. */
const CHUNK = 5_000;

/** Lets other statements have the connection and the disk. */
const CHUNK_PAUSE_MS = 10;

/** A run ends well before the next one begins, a minute later. */
const LONGEST_RUN_MS = 30_000;

export interface CleanUpReport {
  /** Rows of batches that were removed. */
  readonly batches: number;
  /** Expired idempotency keys that were removed. */
  readonly keys: number;
  /** Whether nothing was left to remove. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Removes rows that nobody will ask for any more. */
@Injectable()
export class CleanUp {
  constructor(
    private readonly batches: Batches,
    private readonly keys: IdempotencyKeys,
  ) {}

  /** Removes in chunks until nothing is left, or its time is over. */
  async runOnce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<CleanUpReport> {
    const startedAtMs = performance.now();
    const stop = AbortSignal.any([AbortSignal.timeout(LONGEST_RUN_MS), ...(signal === undefined ? [] : [signal])]);
    const batches = await inChunks(() => this.batches.removeOlderThan(BATCH_LIFE_MS, KEPT_BATCHES, CHUNK), stop);
    const keys = await inChunks(() => this.keys.removeExpired(CHUNK), stop);
    return {
      batches: batches.removed,
      keys: keys.removed,
      complete: batches.complete && keys.complete,
      durationMs: Math.round(performance.now() - startedAtMs),
    };
  }
}

async function inChunks(remove: () => Promise<number>, stop: AbortSignal) {
  let removed = 0;
  while (!stop.aborted) {
    const count = await remove();
    removed += count;
    // A short chunk was the last; rows that others hold come in the next run.
    if (count < CHUNK) return { removed, complete: true };
    await sleep(CHUNK_PAUSE_MS);
  }
  return { removed, complete: false };
}
