import { Injectable } from '@nestjs/common';
import { CounterCache, type Leased, type Published } from '../../cache/counter-cache.js';
import { type Entry, entryOf, expiresAtOf } from '../../cache/entry.js';
import type { Identity } from '../../cache/identity.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { DatabaseClock } from '../database-clock.js';
import { CounterReader, type ReadTruth } from '../../store/counter-reader.js';
import { isCounter, type Truth } from '../../domain/counter.js';
import { CacheGuard, type Permit } from '../guard/cache-guard.js';
import { groupsOf } from '../guard/groups.js';
import { publicationOf } from '../publication.js';
import { AbsenceBudget } from './absence-budget.js';
import { FillDemand } from './fill-demand.js';

/** Times a reader waits for somebody else's fill before it makes one of its own. */
const MAX_JOINS = 2;

/** A fill, and whether the cache took it: only then may readers that came later share its answer. */
interface Filled {
  readonly entry: Entry;
  readonly confirmed: boolean;
}

/** Counters that were read, and what came of filling them. */
export interface FilledMany {
  readonly entries: readonly Entry[];
  readonly filled: number;
  /** Null: a server answered for each of them. */
  readonly fault: CacheUnavailable | null;
}

/** Brings missing entries back: lease, then read the truth, then publish under the lease. */
@Injectable()
export class CounterFills {
  private readonly flights = new Map<string, Promise<Filled>>();

  constructor(
    private readonly cache: CounterCache,
    private readonly reader: CounterReader,
    private readonly guard: CacheGuard,
    private readonly demand: FillDemand,
    private readonly absences: AbsenceBudget,
    private readonly databaseClock: DatabaseClock,
  ) {}

  /**
   * Reads a counter that has no entry, and fills it. Concurrent readers share one flight.
   *
   * @param identity of the caller's own permission
   * @throws StoreFailure, Unavailable
   */
  async fill(name: string, identity: Identity): Promise<Entry> {
    const flight = `${identity.digest} ${name}`;
    for (let join = 0; join < MAX_JOINS; join += 1) {
      const running = this.flights.get(flight);
      if (running === undefined) break;
      // Confirmed: no newer truth was shown to anybody between its lease and its publish, so it is new enough for all
      // who came before the publish. Refused: start over.
      const filled = await running.catch(() => null);
      if (filled?.confirmed === true) return filled.entry;
    }
    const close = (): void => {
      if (this.flights.get(flight) === own) this.flights.delete(flight);
    };
    const own = this.fillOne(name, identity, close);
    this.flights.set(flight, own);
    try {
      return (await own).entry;
    } finally {
      close();
    }
  }

  /**
   * Reads up to 500 counters that have no entry, and fills those that may be filled. Not for answers about single
   * counters: what is returned may be older than what another client was told meanwhile.
   *
   * @returns the entries in the order of the names, how many of them the cache took, and why it took others not
   * @throws StoreFailure
   */
  async fillMany(names: readonly string[], permit: Permit): Promise<FilledMany> {
    const groups = groupsOf(names, permit);
    const leases = new Map<string, Leased>();
    // Each is waited for: what was selected before a lease was granted must not be published under it.
    const leasing = await Promise.allSettled(
      groups.map(async ({ identity, names: members }) => {
        if (identity === null) return;
        const leased = await this.cache.lease(members, identity);
        members.forEach((name, index) => leases.set(name, leased[index] ?? { kind: 'refused' }));
      }),
    );
    // Who was there by then was brought back by somebody else meanwhile.
    const found = new Map<string, Entry>();
    for (const [name, leased] of leases) {
      if (leased.kind === 'entry' && !this.isOver(leased.entry)) found.set(name, leased.entry);
    }
    const entries = (): Entry[] => names.flatMap((name) => found.get(name) ?? []);
    const missing = names.filter((name) => !found.has(name));
    if (missing.length === 0) return { entries: entries(), filled: 0, fault: null };
    const { truths, times } = await this.reader.readMany(missing);
    const byName = new Map(truths.map((truth) => [truth.name, truth]));
    for (const truth of truths) found.set(truth.name, entryOf(truth));
    let filled = 0;
    const publishing = await Promise.allSettled(
      groups.map(async ({ identity, names: members }) => {
        if (identity === null) return;
        const publications = members.flatMap((name) => {
          const [truth, leased] = [byName.get(name), leases.get(name)];
          if (truth === undefined || leased?.kind !== 'lease') return [];
          return [publicationOf(truth, times, this.nonceFor(truth, leased))];
        });
        const published = await this.cache.publish(publications, identity);
        filled += published.filter(isConfirmed).length;
      }),
    );
    return { entries: entries(), filled, fault: faultIn([...leasing, ...publishing]) };
  }

  private async fillOne(name: string, identity: Identity, close: () => void): Promise<Filled> {
    const leased = await this.lease(name, identity);
    // Found before this answer arrived: who joined meanwhile may have been shown something newer.
    if (leased.kind === 'entry' && !this.isOver(leased.entry)) {
      return { entry: leased.entry, confirmed: false };
    }
    // Begins after the lease was granted, so it sees everything that was shown to anybody before.
    const read = await this.reader.read(name);
    const nonce = this.nonceFor(read.truth, leased);
    // The publish may have run long before its answer is heard: who comes from here on needs another fill.
    close();
    return this.publish(read, nonce);
  }

  /**
   * Publishes a truth that was read, and returns what may be told: it, or something newer that was published meanwhile.
   *
   * @param nonce of a lease that was granted before the read; null where none is held
   * @throws Unavailable
   */
  async publish({ truth, times }: ReadTruth, nonce: string | null): Promise<Filled> {
    const entry = entryOf(truth);
    const { name } = truth;
    const publication = publicationOf(truth, times, nonce);
    const result = await this.guard.withClearance(this.guard.unitNumberOf(name), async (permit) => {
      const identity = permit(name);
      if (identity === null) throw new CacheUnavailable('nobody has the slot of this counter');
      return this.cache.publishOne(publication, identity);
    });
    if (result === null) return { entry, confirmed: false };
    if (result.kind === 'kept' && result.entry.version > entry.version) return { entry: result.entry, confirmed: true };
    const confirmed = isConfirmed(result);
    if (!confirmed && nonce !== null) this.demand.note(name);
    return { entry, confirmed };
  }

  private isOver(entry: Entry): boolean {
    return this.databaseClock.isPast(expiresAtOf(entry));
  }

  /** That of the lease; null where none is held, and for an absence too many: published without, it stores nothing. */
  private nonceFor(truth: Truth, leased: Leased): string | null {
    if (leased.kind !== 'lease') return null;
    return isCounter(truth) || this.absences.take() ? leased.nonce : null;
  }

  private lease(name: string, identity: Identity): Promise<Leased> {
    // Without a lease the truth is read all the same, and nothing is filled.
    return this.cache.leaseOne(name, identity).catch(() => ({ kind: 'refused' }));
  }
}

function isConfirmed(published: Published): boolean {
  return published.kind === 'stored' || published.kind === 'kept';
}

/** @throws what is no fault of the cache */
function faultIn(settled: readonly PromiseSettledResult<void>[]): CacheUnavailable | null {
  const faults = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  const other = faults.find((fault) => !(fault instanceof CacheUnavailable));
  if (other !== undefined) throw other instanceof Error ? other : new Error('a fill failed', { cause: other });
  const [first] = faults;
  return first instanceof CacheUnavailable ? first : null;
}
