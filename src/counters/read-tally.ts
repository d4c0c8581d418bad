import { Injectable } from '@nestjs/common';
import type { Source } from './counters.service.js';

/** Reads that asked for the cache, by how they came about: of this instance, since its start. */
@Injectable()
export class ReadTally {
  private readonly counts: Record<Source, number> = { hit: 0, unverified: 0, miss: 0, bypass: 0 };

  note(source: Source): void {
    this.counts[source] += 1;
  }

  of(source: Source): number {
    return this.counts[source];
  }
}
