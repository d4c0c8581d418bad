import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { StoreModule } from '../store/store.module.js';
import { CacheGuard } from './cache-guard.js';
import { CommitPipeline } from './commit-pipeline.js';
import { CounterFills } from './counter-fills.js';
import { CountersService } from './counters.service.js';
import { DecisionLane } from './decision-lane.js';
import { Exposure } from './exposure.js';
import { FillDemand } from './fill-demand.js';
import { IncrementLane } from './increment-lane.js';
import { ManyReader } from './many-reader.js';

/** The rules: what a counter is, and in which order truth and copy are told of it. */
@Module({
  imports: [StoreModule, CacheModule],
  providers: [
    CacheGuard,
    CommitPipeline,
    CounterFills,
    CountersService,
    DecisionLane,
    Exposure,
    FillDemand,
    IncrementLane,
    ManyReader,
  ],
  exports: [CountersService, CacheGuard, CommitPipeline, CounterFills],
})
export class CountersModule {}
