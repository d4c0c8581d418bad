import { Injectable } from '@nestjs/common';
import { stepsOf } from '../../domain/steps.js';
import { CounterPages } from '../../store/counter-pages.js';
import { CounterReader } from '../../store/counter-reader.js';
import { type Change, changeOf, changeOfEntry } from '../changes/change.js';
import { orUnavailable } from '../or-unavailable.js';
import { ManyReader } from './many-reader.js';

/** What counters hold now, for those who watch them. */
@Injectable()
export class PresentValues {
  constructor(
    private readonly many: ManyReader,
    private readonly reader: CounterReader,
    private readonly pages: CounterPages,
  ) {}

  /**
   * From the cache as far as it has them.
   *
   * @throws Unavailable
   */
  async read(names: readonly string[]): Promise<Change[]> {
    const { entries } = await orUnavailable(() => this.many.readEntries(names));
    return [...entries].map(([name, entry]) => changeOfEntry(name, entry));
  }

  /**
   * From the truth.
   *
   * @throws Unavailable
   */
  async readTruth(names: readonly string[]): Promise<Change[]> {
    const changes: Change[] = [];
    for (const step of stepsOf(names)) {
      const { truths } = await orUnavailable(() => this.reader.readMany(step));
      for (const truth of truths) changes.push(changeOf(truth));
    }
    return changes;
  }

  /**
   * The first counters that begin with a prefix, by name, from the truth.
   *
   * @param limit 1 to 1000
   * @throws Unavailable
   */
  async readPrefix(prefix: string, limit: number): Promise<Change[]> {
    const { counters } = await orUnavailable(() => this.pages.counters({ prefix, after: null, limit }));
    return counters.map(changeOf);
  }
}
