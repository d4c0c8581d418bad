import { Injectable } from '@nestjs/common';
import { type DeriveReport, HistoryDeriver } from '../../counters/history/history-deriver.js';
import type { JobKind, Run } from '../job-kind.js';

/** Takes what was committed into the history. */
@Injectable()
export class DeriveHistoryJob implements JobKind {
  readonly name = 'derive-history';
  /** The last points of a history lag by this much; what it costs grows as it falls. */
  readonly everyMs = 5_000;
  /** So frequent that nothing else would be kept, were these. */
  readonly options = { removeOnComplete: true, removeOnFail: true };

  constructor(private readonly deriver: HistoryDeriver) {}

  runOnce({ signal }: Run): Promise<DeriveReport> {
    return this.deriver.runOnce({ signal });
  }
}
