import { Module, type Provider } from '@nestjs/common';
import type pg from 'pg';
import { DatabaseSettings } from '../config/config.js';
import { Buckets } from '../domain/bucket.js';
import { Meters } from '../meters/meters.js';
import { ApiKeys } from './api-keys.js';
import { AuditLog } from './audit-log.js';
import { BatchLog } from './batch-log.js';
import { Batches } from './batches.js';
import { sharesOf } from './connections.js';
import { CounterPages } from './counter-pages.js';
import { CounterReader } from './counter-reader.js';
import { DecidedBatches } from './decided-batches.js';
import { Edges } from './edges.js';
import { ExpiredCounters } from './expired-counters.js';
import { GuardRow } from './guard-row.js';
import { HappeningLog } from './happening-log.js';
import { HistoryDerivation } from './history/history-derivation.js';
import { HistoryPruning } from './history/history-pruning.js';
import { HistoryRankings } from './history/history-rankings.js';
import { HistoryReader } from './history/history-reader.js';
import { HistoryRollUp } from './history/history-roll-up.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { IncrementBatches } from './increment-batches.js';
import { KeyClaims } from './key-claims.js';
import { NameWalk } from './name-walk.js';
import { Links } from './links.js';
import { NameSearch } from './name-search.js';
import { NameTree } from './name-tree.js';
import { Pools } from './pools.js';
import { prepareDatabase } from './prepare-database.js';
import { ReadBudget } from './read-budget.js';
import { Replication } from './replication.js';
import { routeOf } from './route.js';
import { Samples } from './samples.js';
import { Sessions } from './sessions.js';
import { UnexpectedLooks } from './watches/unexpected-looks.js';
import { WatchLooks } from './watches/watch-looks.js';
import { WatchRemains } from './watches/watch-remains.js';
import { Watches } from './watches/watches.js';
import { WebhookOutbox } from './watches/webhook-outbox.js';
import { Webhooks } from './watches/webhooks.js';
import { Writability } from './writability.js';

/** Statements that have the general pool to themselves. */
function onGeneral(provide: new (pool: pg.Pool) => object): Provider {
  return { provide, inject: [Pools], useFactory: ({ general }: Pools) => new provide(general) };
}

/** The truth: schema, connections, and the statements that read and write it. */
@Module({
  providers: [
    {
      provide: Buckets,
      inject: [DatabaseSettings],
      useFactory: (settings: DatabaseSettings) => prepareDatabase(settings),
    },
    {
      provide: Pools,
      // Whoever has the pools has a database that was found fit, and is of this release: only then are there buckets.
      inject: [DatabaseSettings, Meters, Buckets],
      useFactory: (settings: DatabaseSettings, meters: Meters) => new Pools(settings, meters),
    },
    {
      provide: GuardRow,
      inject: [Pools, DatabaseSettings],
      // Behind one address another server may be reached by now, and sessions that are open would stay with the old one.
      useFactory: ({ guard, replication }: Pools, { url }: DatabaseSettings) =>
        new GuardRow(guard, () => {
          replication.noteOtherServer();
          routeOf(url).drop();
        }),
    },
    { provide: Replication, inject: [Pools], useFactory: ({ replication }: Pools) => replication },
    { provide: Writability, inject: [Pools], useFactory: ({ commits }: Pools) => new Writability(commits) },
    {
      provide: IncrementBatches,
      inject: [Pools, Writability],
      useFactory: ({ commits, replication }: Pools, writability: Writability) =>
        new IncrementBatches(commits, replication, writability),
    },
    {
      provide: DecidedBatches,
      inject: [Pools, Writability, Buckets],
      useFactory: ({ decisions, replication }: Pools, writability: Writability, buckets: Buckets) =>
        new DecidedBatches(decisions, replication, writability, buckets),
    },
    {
      provide: Edges,
      inject: [Pools, DecidedBatches, Buckets],
      useFactory: ({ general }: Pools, batches: DecidedBatches, buckets: Buckets) =>
        new Edges(general, batches, buckets),
    },
    {
      provide: ExpiredCounters,
      inject: [Pools, Writability, Buckets],
      useFactory: ({ fills, replication }: Pools, writability: Writability, buckets: Buckets) =>
        new ExpiredCounters(fills, replication, writability, buckets),
    },
    {
      provide: CounterReader,
      inject: [Pools, DatabaseSettings, ExpiredCounters, Buckets],
      useFactory: (
        { fills, replication }: Pools,
        settings: DatabaseSettings,
        expired: ExpiredCounters,
        buckets: Buckets,
      ) => {
        const budget = new ReadBudget(settings.readsPerSecond);
        return new CounterReader(fills, sharesOf(settings).fills, replication, expired, budget, buckets);
      },
    },
    {
      provide: IdempotencyKeys,
      inject: [Pools, Buckets],
      useFactory: ({ commits, general, replication }: Pools, buckets: Buckets) =>
        new IdempotencyKeys(commits, replication, general, buckets),
    },
    {
      provide: KeyClaims,
      inject: [Pools, Writability],
      useFactory: ({ commits, general, replication }: Pools, writability: Writability) =>
        new KeyClaims(commits, replication, writability, general),
    },
    { provide: ApiKeys, inject: [Pools], useFactory: ({ access }: Pools) => new ApiKeys(access) },
    { provide: Links, inject: [Pools], useFactory: ({ access }: Pools) => new Links(access) },
    { provide: Sessions, inject: [Pools], useFactory: ({ access }: Pools) => new Sessions(access) },
    {
      provide: CounterPages,
      inject: [Pools],
      useFactory: ({ general, replication }: Pools) => new CounterPages(general, replication),
    },
    {
      provide: HappeningLog,
      inject: [Pools],
      useFactory: ({ general, replication }: Pools) => new HappeningLog(general, replication),
    },
    {
      provide: NameSearch,
      inject: [Pools],
      useFactory: ({ general, replication }: Pools) => new NameSearch(general, replication),
    },
    {
      provide: NameWalk,
      inject: [Pools],
      useFactory: ({ general, replication }: Pools) => new NameWalk(general, replication),
    },
    ...[
      AuditLog,
      Batches,
      BatchLog,
      HistoryDerivation,
      HistoryPruning,
      HistoryRankings,
      HistoryReader,
      HistoryRollUp,
      NameTree,
      Samples,
      Watches,
      UnexpectedLooks,
      WatchLooks,
      WatchRemains,
      WebhookOutbox,
      Webhooks,
    ].map(onGeneral),
  ],
  exports: [
    Buckets,
    GuardRow,
    IncrementBatches,
    DecidedBatches,
    Edges,
    ExpiredCounters,
    CounterReader,
    IdempotencyKeys,
    KeyClaims,
    ApiKeys,
    Links,
    Sessions,
    CounterPages,
    NameSearch,
    NameTree,
    NameWalk,
    AuditLog,
    Batches,
    BatchLog,
    HappeningLog,
    HistoryDerivation,
    HistoryPruning,
    HistoryRankings,
    HistoryReader,
    HistoryRollUp,
    Samples,
    Watches,
    UnexpectedLooks,
    WatchLooks,
    WatchRemains,
    WebhookOutbox,
    Webhooks,
    Writability,
  ],
})
export class StoreModule {}
