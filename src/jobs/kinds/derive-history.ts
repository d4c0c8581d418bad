import { Injectable } from '@nestjs/common';
import { type DeriveReport, HistoryDeriver } from '../../counters/history/history-deriver.js';
import { type JobKind, NOTHING_KEPT, type Run } from '../job-kind.js';

/** Takes what was committed into the history. */
@Injectable()
export class DeriveHistoryJob implements JobKind {
  readonly name = 'derive-history';
  /** The last points of a history lag by this much; what it costs grows as it falls. */
  readonly everyMs = 5_000;
  readonly options = NOTHING_KEPT;

  constructor(private readonly deriver: HistoryDeriver) {}

  runOnce({ signal }: Run): Promise<DeriveReport> {
    return this.deriver.runOnce({ signal });
  }
}
