import { Injectable } from '@nestjs/common';
import { CounterCache, type Publication } from '../../cache/counter-cache.js';
import type { Identity } from '../../cache/identity.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { groupsOf } from '../guard/groups.js';
import { newerOf, type Truth } from '../../domain/counter.js';
import { grouped } from '../../domain/grouped.js';
import type { StatementTimes } from '../../store/statement-times.js';
import { publicationOf } from '../publication.js';
import { FillDemand } from '../reads/fill-demand.js';
import { Tallies } from '../tallies.js';
import { Clock } from '../clock.js';
import { Traces } from '../../meters/traces.js';

/** Nonces of leases that a writer took before its commit, by name. */
export type Nonces = ReadonlyMap<string, string>;

const NO_NONCES: Nonces = new Map();

/** Brings to the cache what a write learned from the truth, before anybody is told. */
@Injectable()
export class Exposure {
  constructor(
    private readonly cache: CounterCache,
    private readonly guard: CacheGuard,
    private readonly demand: FillDemand,
    private readonly tallies: Tallies,
    private readonly clock: Clock,
    private readonly traces: Traces,
  ) {}

  /**
   * Takes leases for the counters that readers want and cannot fill; to be called before the commit.
   *
   * @returns none where the cache may not be filled now
   */
  async leaseWanted(names: Iterable<string>): Promise<Nonces> {
    const wanted = this.demand.wantedOf(names);
    if (wanted.length === 0) return NO_NONCES;
    const nonces = new Map<string, string>();
    await Promise.all(
      groupsOf(wanted, this.guard.permit()).map(async ({ identity, names: members }) => {
        if (identity === null) return;
        const leases = await this.cache.lease(members, identity).catch(() => []);
        members.forEach((name, index) => {
          const leased = leases[index];
          if (leased?.kind === 'lease') nonces.set(name, leased.nonce);
        });
      }),
    );
    return nonces;
  }

  /** Splits what is to be told by what it waits for: of a single Redis all for the same. */
  apart<T>(items: readonly T[], nameOf: (item: T) => string): readonly (readonly T[])[] {
    if (items.length === 0) return [];
    if (this.guard.isOneUnit) return [items];
    return [...grouped(items, (item) => this.guard.unitNumberOf(nameOf(item))).values()];
  }

  /**
   * Publishes truths; when it returns all of them may be told.
   *
   * @param times of the statement that produced them
   * @throws Unavailable when they may not be told in time
   */
  async publish(truths: readonly Truth[], times: StatementTimes, nonces: Nonces = NO_NONCES): Promise<void> {
    const beganAtMs = this.clock.monotonicMs();
    await Promise.all(
      this.apart(newestOfEach(truths), ({ name }) => name).map((part) => {
        const publications = part.map((truth) => publicationOf(truth, times, nonces.get(truth.name) ?? null));
        return this.traces.within('publish', () => this.publishUnit(publications));
      }),
    );
    this.tallies.publishes.observe((this.clock.monotonicMs() - beganAtMs) / 1_000);
  }

  private async publishUnit(publications: readonly Publication[]): Promise<void> {
    const unit = this.guard.unitNumberOf(publications[0]?.name ?? '');
    const names = publications.map(({ name }) => name);
    await this.guard.withClearance(unit, async (permit) => {
      const groups = groupsOf(names, permit);
      const [first] = groups;
      if (groups.length === 1 && first?.identity != null) return this.send(publications, first.identity);
      const byName = new Map(publications.map((publication) => [publication.name, publication]));
      await Promise.all(
        groups.map(({ identity, names: members }) => {
          if (identity === null) throw new CacheUnavailable('nobody has the slots of these counters');
          return this.send(
            members.flatMap((name) => byName.get(name) ?? []),
            identity,
          );
        }),
      );
    });
  }

  private async send(publications: readonly Publication[], identity: Identity): Promise<void> {
    const published = await this.cache.publish(publications, identity);
    publications.forEach(({ name }, index) => {
      const kind = published[index]?.kind;
      this.demand.published(name, kind === 'stored' || kind === 'kept');
    });
  }
}

function newestOfEach(truths: readonly Truth[]): Truth[] {
  const newest = new Map<string, Truth>();
  for (const truth of truths) {
    const other = newest.get(truth.name);
    newest.set(truth.name, other === undefined ? truth : newerOf(other, truth));
  }
  return [...newest.values()];
}
