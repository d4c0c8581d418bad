import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { StoreModule } from '../store/store.module.js';
import { CacheGuard } from './cache-guard.js';
import { CacheUpkeep } from './cache-upkeep.js';
import { Changes } from './changes.js';
import { CleanUp } from './clean-up.js';
import { CommitPipeline } from './commit-pipeline.js';
import { CounterMeters } from './counter-meters.js';
import { CounterFills } from './counter-fills.js';
import { CountersService } from './counters.service.js';
import { DecisionLane } from './decision-lane.js';
import { Exposure } from './exposure.js';
import { FillDemand } from './fill-demand.js';
import { HistoryDeriver } from './history-deriver.js';
import { HistoryUpkeep } from './history-upkeep.js';
import { HistoryService } from './history.service.js';
import { IncrementLane } from './increment-lane.js';
import { ManyReader } from './many-reader.js';
import { PresentValues } from './present-values.js';
import { RankingsService } from './rankings.service.js';
import { Reconciler } from './reconciler.js';
import { Rehydrator } from './rehydrator.js';
import { Tallies } from './tallies.js';

/** The rules: what a counter is, and in which order truth and copy are told of it. */
@Module({
  imports: [StoreModule, CacheModule],
  providers: [
    CacheGuard,
    CacheUpkeep,
    Changes,
    CleanUp,
    CommitPipeline,
    CounterFills,
    CounterMeters,
    CountersService,
    DecisionLane,
    Exposure,
    FillDemand,
    HistoryDeriver,
    HistoryService,
    HistoryUpkeep,
    IncrementLane,
    ManyReader,
    PresentValues,
    RankingsService,
    Reconciler,
    Rehydrator,
    Tallies,
  ],
  exports: [
    CountersService,
    CacheGuard,
    CacheUpkeep,
    Changes,
    CleanUp,
    CommitPipeline,
    CounterFills,
    HistoryDeriver,
    HistoryService,
    HistoryUpkeep,
    PresentValues,
    RankingsService,
    Reconciler,
    Rehydrator,
  ],
})
export class CountersModule {}
