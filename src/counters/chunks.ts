/** How upkeep works through many rows: chunk by chunk, and no longer than it may. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two chunks: lets other statements have the connection and the disk. */
export const CHUNK_PAUSE_MS = 10;

/** Aborts when the time of a run is over, and when `signal` does. */
export function endOfRun(longestMs: number, signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(longestMs);
  return signal === undefined ? late : AbortSignal.any([late, signal]);
}

/**
 * Removes rows until none is left, or `stop` aborts: then after the chunk at hand.
 *
 * @param limit rows of a chunk, at most
 * @param remove answers how many it removed; fewer than the limit were the last, and rows that others hold are for the
 *   next run
 */
export async function removeInChunks(
  limit: number,
  stop: AbortSignal,
  remove: (limit: number) => Promise<number>,
): Promise<{ readonly removed: number; readonly complete: boolean }> {
  let removed = 0;
  while (!stop.aborted) {
    const count = await remove(limit);
    removed += count;
    if (count < limit) return { removed, complete: true };
    await sleep(CHUNK_PAUSE_MS);
  }
  return { removed, complete: false };
}
