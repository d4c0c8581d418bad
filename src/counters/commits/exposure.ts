import { Injectable } from '@nestjs/common';
import { CounterCache, type Publication } from '../../cache/counter-cache.js';
import type { Identity } from '../../cache/identity.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { newerOf, type Truth } from '../../domain/counter.js';
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
    const identity = this.guard.permission();
    if (wanted.length === 0 || identity === null) return NO_NONCES;
    const leases = await this.cache.lease(wanted, identity).catch(() => []);
    return new Map(
      wanted.flatMap((name, index) => {
        const leased = leases[index];
        return leased?.kind === 'lease' ? [[name, leased.nonce] as const] : [];
      }),
    );
  }

  /**
   * Publishes truths; when it returns they may be told.
   *
   * @param times of the statement that produced them
   * @throws Unavailable when they may not be told in time
   */
  async publish(truths: readonly Truth[], times: StatementTimes, nonces: Nonces = NO_NONCES): Promise<void> {
    const beganAtMs = this.clock.monotonicMs();
    const publications = newestOfEach(truths).map((truth) =>
      publicationOf(truth, times, nonces.get(truth.name) ?? null),
    );
    await this.traces.within('publish', () =>
      this.guard.withClearance((identity) => this.send(publications, identity)),
    );
    this.tallies.publishes.observe((this.clock.monotonicMs() - beganAtMs) / 1_000);
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
