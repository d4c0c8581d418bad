import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';

/** Names of one generation: as many as a rehydration fills. There are two of them, some 2 MB. */
export const NAMES_OF_A_GENERATION = 10_000;

/** What was read in the generation before is still read, most likely. */
export const GENERATION_MS = 10_000;

/** Reads from one look at the clock to the next: a look costs more than all the rest. */
const READS_PER_LOOK = 256;

/** Counters that were read lately, one by one: within some twenty seconds, and no more than two generations hold. */
@Injectable()
export class LatelyRead {
  private young = new Set<string>();
  private old = new Set<string>();
  private youngSinceMs: number;
  private reads = 0;

  constructor(private readonly clock: Clock) {
    this.youngSinceMs = clock.monotonicMs();
  }

  /** A counter was read. Called for each hit, so it may cost no more than a look into a set. */
  note(name: string): void {
    if (!this.young.has(name)) {
      this.young.add(name);
      if (this.young.size >= NAMES_OF_A_GENERATION) this.turn();
    }
    this.reads += 1;
    if (this.reads < READS_PER_LOOK) return;
    this.reads = 0;
    if (this.clock.monotonicMs() - this.youngSinceMs > GENERATION_MS) this.turn();
  }

  has(name: string): boolean {
    return this.young.has(name) || this.old.has(name);
  }

  /** All of them; what was read last comes first. */
  names(): string[] {
    return [...new Set([...this.young, ...this.old])];
  }

  private turn(): void {
    this.old = this.young;
    this.young = new Set();
    this.youngSinceMs = this.clock.monotonicMs();
  }
}
