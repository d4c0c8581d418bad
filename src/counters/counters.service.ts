import { Injectable } from '@nestjs/common';
import { CounterCache, type Found } from '../cache/counter-cache.js';
import { type Entry, expiresAtOf } from '../cache/entry.js';
import { DatabaseClock } from './database-clock.js';
import { CounterPages, type Page } from '../store/counter-pages.js';
import { type FoundNames, NameSearch } from '../store/name-search.js';
import { CounterReader } from '../store/counter-reader.js';
import { CacheGuard } from './guard/cache-guard.js';
import { groupsOf } from './guard/groups.js';
import { Commits } from './commits/commits.js';
import type { Counter } from '../domain/counter.js';
import { CounterFills } from './reads/counter-fills.js';
import { FillAhead } from './reads/fill-ahead.js';
import { LatelyRead } from './reads/lately-read.js';
import { type ManyRead, ManyReader } from './reads/many-reader.js';
import { KeyReused } from '../domain/errors.js';
import { orUnavailable } from './or-unavailable.js';
import type { Answer, Counted, Refused, Write } from '../domain/operation.js';
import type { Increments } from './commits/increment-run.js';
import type { Transaction, TransactionVerdict } from './commits/verdict.js';
import { Tallies } from './tallies.js';

/**
 * How a reading came about.
 *
 * - `hit`: from the cache.
 * - `unverified`: from the cache, while Postgres cannot be reached.
 * - `miss`: from Postgres, since the cache had no entry.
 * - `bypass`: from Postgres, since it was asked for, or the cache may not be read now.
 */
export type Source = 'hit' | 'unverified' | 'miss' | 'bypass';

/** A counter, or its absence, at a version. */
export interface Reading extends Entry {
  readonly source: Source;
}

/** What several writes came to that had to succeed together. */
export type AtomicAnswer =
  | { readonly kind: 'done'; readonly answers: readonly Answer[] }
  | { readonly kind: 'refused'; readonly index: number; readonly refused: Refused; readonly replayed: boolean };

/** The order of truth and copy: what is read from where, and what happens before anybody is told. */
@Injectable()
export class CountersService {
  constructor(
    private readonly cache: CounterCache,
    private readonly fills: CounterFills,
    private readonly many: ManyReader,
    private readonly lately: LatelyRead,
    private readonly ahead: FillAhead,
    private readonly guard: CacheGuard,
    private readonly commits: Commits,
    private readonly reader: CounterReader,
    private readonly pages: CounterPages,
    private readonly names: NameSearch,
    private readonly tallies: Tallies,
    private readonly databaseClock: DatabaseClock,
  ) {}

  /**
   * Reads one counter. Linearizable, unless the source is `unverified`.
   *
   * @param consistency `strong` reads Postgres in any case
   * @throws Unavailable
   */
  async read(name: string, consistency: 'cached' | 'strong'): Promise<Reading> {
    const identity = consistency === 'cached' ? this.guard.permission(name) : null;
    if (identity !== null) return this.readFound(name, await this.cache.get(name, identity));
    if (consistency === 'cached') {
      const unverified = await this.readUnverified(name);
      if (unverified !== null) return unverified;
    }
    return orUnavailable(() => this.readTruth(name));
  }

  /**
   * Reads counters, each for itself and as `read` does, in the order asked; a name may come more than once.
   *
   * @returns fulfilled, or rejected with Unavailable
   */
  async readEach(names: readonly string[]): Promise<PromiseSettledResult<Reading>[]> {
    const groups = groupsOf(names, this.guard.permit());
    const [first] = groups;
    if (groups.length === 1 && first?.identity != null) {
      const found = await this.cache.getEach(names, first.identity);
      return this.readEachFound(names, found);
    }
    // Each asks for its permission itself; what goes the same way travels together all the same.
    return Promise.allSettled(names.map((name) => this.read(name, 'cached')));
  }

  /**
   * Reads many counters, from the cache as far as it has them; not a snapshot.
   *
   * @throws Unavailable
   */
  async readMany(names: readonly string[]): Promise<ManyRead> {
    return orUnavailable(() => this.many.read(names));
  }

  /**
   * A page of counters in byte order of their names; not a snapshot.
   *
   * @throws Unavailable
   */
  async list(page: Page): Promise<{ counters: Counter[]; hasMore: boolean }> {
    return orUnavailable(() => this.pages.counters(page));
  }

  /**
   * The next counters whose names contain a text, as far as it comes in a fraction of a second.
   *
   * @throws Unavailable
   */
  async search(text: string, page: Page): Promise<FoundNames> {
    return orUnavailable(() => this.names.find(text, page));
  }

  /**
   * One write. When it resolves, what it says is committed.
   *
   * @throws CounterError
   */
  write(write: Write): Promise<Answer> {
    return this.commits.add(write);
  }

  /**
   * Several writes, each for itself, answered in their order.
   *
   * @throws Unavailable where there is no room for all of them
   */
  writeEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    return this.commits.addEach(writes);
  }

  /**
   * Several increments without keys, each for itself, answered in their order: the cheapest way for many of them.
   *
   * @throws Unavailable where there is no room for all of them
   */
  incrementEach(increments: Increments): Promise<readonly Counted[]> {
    return this.commits.addIncrements(increments);
  }

  /**
   * Several writes, all or nothing.
   *
   * @throws CounterError
   */
  async writeAtomically(writes: readonly Write[]): Promise<AtomicAnswer> {
    const verdict = await this.commits.addBundle(writes);
    if (verdict.kind === 'key_reused') throw new KeyReused('One of the idempotency keys was used for another request.');
    return verdict;
  }

  /**
   * Several writes and looks in one commit: all of it is in the truth or nothing. A part that is refused leaves the
   * others standing, and looks see what was written before them; where a watched counter has changed, nothing is done.
   *
   * @throws CounterError
   */
  transact(transaction: Transaction): Promise<TransactionVerdict> {
    return this.commits.addTransaction(transaction);
  }

  /** Nearly all are hits, and a promise for each would cost more than they do. */
  private async readEachFound(
    names: readonly string[],
    found: readonly Found[],
  ): Promise<PromiseSettledResult<Reading>[]> {
    const results: PromiseSettledResult<Reading>[] = [];
    const others: Promise<void>[] = [];
    names.forEach((name, index) => {
      const one = found[index] ?? { kind: 'miss' };
      const hit = this.hitIn(name, one);
      if (hit !== null) results[index] = { status: 'fulfilled', value: hit };
      else
        others.push(
          this.readFound(name, one).then(
            (value) => void (results[index] = { status: 'fulfilled', value }),
            (reason: unknown) => void (results[index] = { status: 'rejected', reason }),
          ),
        );
    });
    if (others.length > 0) await Promise.all(others);
    return results;
  }

  /** The reading in what the cache held; null: it is to be read elsewhere. */
  private hitIn(name: string, found: Found): Reading | null {
    // It may have come late, and outlived its counter by as much.
    if (found.kind !== 'hit' || this.databaseClock.isPast(expiresAtOf(found.entry))) return null;
    this.tallies.reads.hit += 1;
    const { version, json } = found.entry;
    if (json !== null) this.lately.note(name);
    return { version, json, source: 'hit' };
  }

  /** What the cache held is the answer, or else what the truth holds. */
  private async readFound(name: string, found: Found): Promise<Reading> {
    const hit = this.hitIn(name, found);
    if (hit !== null) return hit;
    return orUnavailable(() => (found.kind === 'miss' ? this.readMissing(name) : this.readTruth(name)));
  }

  /** After a miss. The permission is asked for anew: it may have run out meanwhile. */
  private async readMissing(name: string): Promise<Reading> {
    const identity = this.guard.permission(name);
    if (identity === null) return this.readTruth(name);
    this.tallies.reads.miss += 1;
    this.ahead.noteMiss(name);
    return { ...(await this.fills.fill(name, identity)), source: 'miss' };
  }

  private async readTruth(name: string): Promise<Reading> {
    this.tallies.reads.bypass += 1;
    const { entry } = await this.fills.publish(await this.reader.read(name), null);
    return { ...entry, source: 'bypass' };
  }

  private async readUnverified(name: string): Promise<Reading | null> {
    const identity = this.guard.unverified(name);
    if (identity === null) return null;
    const found = await this.cache.get(name, identity);
    if (found.kind !== 'hit' || this.databaseClock.isPast(expiresAtOf(found.entry))) return null;
    this.tallies.reads.unverified += 1;
    return { ...found.entry, source: 'unverified' };
  }
}
