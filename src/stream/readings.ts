import type { Change } from '../counters/changes/change.js';
import type { PresentValues } from '../counters/reads/present-values.js';
import type { EventStream } from './event-stream.js';
import { MAX_SNAPSHOT_OF_PREFIX } from './limits.js';
import { PrefixPages } from './prefix-pages.js';
import type { WatchedCounters } from './watched-counters.js';
import type { Watchers } from './watchers.js';

/** Reads what is watched. What was asked of an earlier database than the present one is dropped when its answer comes. */
export class Readings {
  private readonly pages: PrefixPages;
  /** Counts the databases. */
  private era = 0;

  constructor(
    private readonly values: PresentValues,
    private readonly watchers: Watchers,
    private readonly counters: WatchedCounters,
    private readonly learn: (changes: readonly Change[]) => void,
  ) {
    this.pages = new PrefixPages((prefix) => values.readPrefix(prefix, MAX_SNAPSHOT_OF_PREFIX));
  }

  /** From here on it is another database. */
  turn(): void {
    this.era += 1;
  }

  /**
   * What a stream is to begin with.
   *
   * @throws Unavailable
   */
  async readFor(stream: EventStream): Promise<void> {
    const { names, prefixes } = stream.subscription;
    const { era } = this;
    await Promise.all([
      this.values.read([...names]).then((changes) => this.learnOf(era, changes)),
      ...[...prefixes].map(async (prefix) => {
        const page = await this.pages.read(prefix);
        if (this.learnOf(era, page)) for (const { name } of page) stream.expect(name);
      }),
    ]);
    if (era !== this.era) await this.readFor(stream);
  }

  /**
   * The present values of all names, and of these prefixes.
   *
   * @throws Unavailable
   */
  async look(prefixes: readonly string[]): Promise<void> {
    const { era } = this;
    this.counters.retain((name) => this.watchers.interestIn(name));
    this.learnOf(era, await this.values.readTruth([...this.watchers.names.keys()]));
    for (const prefix of prefixes) {
      const page = await this.pages.read(prefix);
      if (!this.learnOf(era, page)) return;
      // What was deleted is not on the page, nor what begins after it.
      const others = this.counters.latestOf(prefix, new Set(page.map(({ name }) => name)), MAX_SNAPSHOT_OF_PREFIX);
      this.learnOf(era, await this.values.readTruth(others));
    }
  }

  /**
   * What all streams are to begin anew with.
   *
   * @returns false where the database became another one meanwhile
   * @throws Unavailable
   */
  async readAnew(): Promise<boolean> {
    const { era } = this;
    this.learnOf(era, await this.values.readTruth([...this.watchers.names.keys()]));
    for (const prefix of this.watchers.prefixes.keys()) {
      const page = await this.pages.read(prefix);
      if (!this.learnOf(era, page)) return false;
      for (const stream of this.watchers.ofPrefix(prefix)) for (const { name } of page) stream.expect(name);
    }
    return era === this.era;
  }

  /** @returns whether it is of the present database */
  private learnOf(era: number, changes: readonly Change[]): boolean {
    if (era === this.era) this.learn(changes);
    return era === this.era;
  }
}
