import { Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { DatabaseSettings } from '../config/config.js';
import { ApiKeys } from './api-keys.js';
import { Batches } from './batches.js';
import { beginBehind, sharesOf } from './connections.js';
import { CounterList } from './counter-list.js';
import { CounterReader } from './counter-reader.js';
import { dataSourceOptions } from './data-source.js';
import { DecidedBatches } from './decided-batches.js';
import { GuardRow } from './guard-row.js';
import { HistoryDerivation } from './history/history-derivation.js';
import { HistoryPruning } from './history/history-pruning.js';
import { HistoryRankings } from './history/history-rankings.js';
import { HistoryReader } from './history/history-reader.js';
import { HistoryRollUp } from './history/history-roll-up.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { IncrementBatches } from './increment-batches.js';
import { prepareDatabase } from './migrate.js';
import { Pools } from './pools.js';
import { Replication } from './replication.js';
import { routeOf } from './route.js';
import { Sessions } from './sessions.js';
import { Writability } from './writability.js';

/** The truth: schema, connections, and the statements that read and write it. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [DatabaseSettings],
      useFactory: async (settings: DatabaseSettings) => {
        await prepareDatabase(settings);
        return dataSourceOptions(settings.url, sharesOf(settings.poolSize).general, {}, beginBehind(settings.pooler));
      },
    }),
  ],
  providers: [
    Pools,
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
      inject: [Pools, Writability],
      useFactory: ({ decisions, replication }: Pools, writability: Writability) =>
        new DecidedBatches(decisions, replication, writability),
    },
    {
      provide: CounterReader,
      inject: [Pools, DatabaseSettings],
      useFactory: ({ fills, replication }: Pools, { poolSize }: DatabaseSettings) =>
        new CounterReader(fills, sharesOf(poolSize).fills, replication),
    },
    {
      provide: IdempotencyKeys,
      inject: [Pools, getDataSourceToken()],
      useFactory: ({ commits, replication }: Pools, dataSource: DataSource) =>
        new IdempotencyKeys(commits, replication, dataSource),
    },
    { provide: ApiKeys, inject: [Pools], useFactory: ({ access }: Pools) => new ApiKeys(access) },
    { provide: Sessions, inject: [Pools], useFactory: ({ access }: Pools) => new Sessions(access) },
    CounterList,
    Batches,
    HistoryDerivation,
    HistoryPruning,
    HistoryRankings,
    HistoryReader,
    HistoryRollUp,
  ],
  exports: [
    GuardRow,
    IncrementBatches,
    DecidedBatches,
    CounterReader,
    IdempotencyKeys,
    ApiKeys,
    Sessions,
    CounterList,
    Batches,
    HistoryDerivation,
    HistoryPruning,
    HistoryRankings,
    HistoryReader,
    HistoryRollUp,
    Writability,
  ],
})
export class StoreModule {}
