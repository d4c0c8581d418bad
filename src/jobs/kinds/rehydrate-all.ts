import { Injectable } from '@nestjs/common';
import type { RehydrateReport } from '../../counters/upkeep/rehydrator.js';
import type { Run } from '../job-kind.js';
import { Rehydration } from './rehydration.js';

/** Fills the cache with whatever there is: for somebody who knows that all of it will be read, and that it has room. */
@Injectable()
export class RehydrateAllJob extends Rehydration {
  readonly name = 'rehydrate-all';

  protected fill(run: Run): Promise<RehydrateReport> {
    return this.rehydrator.runOnceOverAll(run);
  }
}
