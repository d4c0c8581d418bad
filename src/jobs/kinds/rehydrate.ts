import { Injectable } from '@nestjs/common';
import { Happenings } from '../../counters/happenings/happenings.js';
import { Rehydrator, type RehydrateReport } from '../../counters/upkeep/rehydrator.js';
import { Meters } from '../../meters/meters.js';
import type { Run } from '../job-kind.js';
import { Rehydration } from './rehydration.js';

/** Counters that a rehydration fills at most: what is hot, within about a second. */
const MAX_COUNTERS = 10_000;

/** Fills a cache that was found empty. */
@Injectable()
export class RehydrateJob extends Rehydration {
  readonly name = 'rehydrate';

  constructor(rehydrator: Rehydrator, happenings: Happenings, meters: Meters) {
    super(rehydrator, happenings);
    meters.add({
      kind: 'counter',
      name: 'evercount_rehydrated_total',
      help: 'Entries that rehydrations of this instance filled',
      read: () => rehydrator.filled,
    });
  }

  protected fill(run: Run): Promise<RehydrateReport> {
    return this.rehydrator.runOnce(MAX_COUNTERS, run);
  }
}
