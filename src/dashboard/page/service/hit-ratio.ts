import type { Reads } from './shapes.js';

/** What is told is of the last minutes: since the start of a process it says nothing of now. */
const WINDOW_MS = 5 * 60_000;

interface Sample {
  readonly atMs: number;
  readonly reads: Reads;
}

const all = ({ hits, misses, bypasses }: Reads): number => hits + misses + bypasses;

/** The share of hits, from numbers that only rise while a process lives. */
export class HitRatio {
  private samples: readonly Sample[] = [];

  /** @returns of the last minutes; null where nobody read, or where one number is all there is */
  note(reads: Reads): number | null {
    const atMs = performance.now();
    const last = this.samples.at(-1);
    // Another process, or another instance: it counts from its own start.
    const goesOn = last !== undefined && reads.hits >= last.reads.hits && all(reads) >= all(last.reads);
    const kept = goesOn ? this.samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS) : [];
    this.samples = [...kept, { atMs, reads }];
    const [first] = this.samples;
    const read = first === undefined ? 0 : all(reads) - all(first.reads);
    return first === undefined || read === 0 ? null : (reads.hits - first.reads.hits) / read;
  }
}
