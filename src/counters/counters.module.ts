import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { ProcessSettings } from '../config/processes.js';
import { StoreModule } from '../store/store.module.js';
import { CacheGuard } from './guard/cache-guard.js';
import { GuardMeters } from './guard/guard-meters.js';
import { WriteReach } from './guard/write-reach.js';
import { AuditService } from './happenings/audit.service.js';
import { CacheUpkeep } from './upkeep/cache-upkeep.js';
import { Changes } from './changes/changes.js';
import { Claims } from './commits/claims.js';
import { CleanUp } from './upkeep/clean-up.js';
import { CommitPipeline } from './commits/commit-pipeline.js';
import { Commits } from './commits/commits.js';
import { SentCommits } from './commits/sent/sent-commits.js';
import { Clock } from './clock.js';
import { CounterMeters } from './counter-meters.js';
import { AbsenceBudget } from './reads/absence-budget.js';
import { CounterFills } from './reads/counter-fills.js';
import { CountersService } from './counters.service.js';
import { DatabaseClock } from './database-clock.js';
import { Deliveries } from './deliveries/deliveries.js';
import { DecisionLane } from './commits/decision-lane.js';
import { Drills } from './drill/drills.js';
import { Expirer } from './expiry/expirer.js';
import { Exposure } from './commits/exposure.js';
import { FillAhead } from './reads/fill-ahead.js';
import { FillDemand } from './reads/fill-demand.js';
import { Happenings } from './happenings/happenings.js';
import { LatestNews } from './happenings/latest-news.js';
import { Sampler } from './happenings/sampler.js';
import { HistoryDeriver } from './history/history-deriver.js';
import { HistoryPruner } from './history/history-pruner.js';
import { HistoryRoller } from './history/history-roller.js';
import { HistoryService } from './history/history.service.js';
import { IncrementLanes } from './commits/increment-lanes.js';
import { NameQuotas } from './commits/name-quotas.js';
import { LatelyRead } from './reads/lately-read.js';
import { ManyReader } from './reads/many-reader.js';
import { Names } from './reads/names.js';
import { PresentValues } from './reads/present-values.js';
import { RankingsService } from './history/rankings.service.js';
import { Reconciler } from './upkeep/reconciler.js';
import { Rehydrator } from './upkeep/rehydrator.js';
import { Tallies } from './tallies.js';
import { ForecastsService } from './forecasts/forecasts.service.js';
import { ForecastWorker } from './forecasts/forecast-worker.js';
import { UnexpectedEvaluator } from './watches/unexpected-evaluator.js';
import { WatchEvaluator } from './watches/watch-evaluator.js';
import { WatchPruning } from './watches/watch-pruning.js';
import { WatchesService } from './watches/watches.service.js';
import { WebhooksService } from './watches/webhooks.service.js';

/** The rules: what a counter is, and in which order truth and copy are told of it. */
@Module({
  imports: [StoreModule, CacheModule],
  providers: [
    AbsenceBudget,
    AuditService,
    CacheGuard,
    CacheUpkeep,
    Changes,
    Claims,
    CleanUp,
    Clock,
    CommitPipeline,
    {
      provide: Commits,
      inject: [ProcessSettings, CommitPipeline, SentCommits],
      useFactory: ({ role }: ProcessSettings, own: CommitPipeline, sent: SentCommits) =>
        role === 'worker' ? sent : own,
    },
    CounterFills,
    CounterMeters,
    CountersService,
    DatabaseClock,
    DecisionLane,
    Deliveries,
    Drills,
    Expirer,
    Exposure,
    FillAhead,
    FillDemand,
    GuardMeters,
    Happenings,
    HistoryDeriver,
    HistoryPruner,
    HistoryRoller,
    HistoryService,
    IncrementLanes,
    LatelyRead,
    LatestNews,
    ManyReader,
    NameQuotas,
    Names,
    PresentValues,
    RankingsService,
    Reconciler,
    Rehydrator,
    Sampler,
    SentCommits,
    Tallies,
    ForecastsService,
    ForecastWorker,
    UnexpectedEvaluator,
    WatchEvaluator,
    WatchPruning,
    WatchesService,
    WebhooksService,
    WriteReach,
  ],
  exports: [
    AuditService,
    Clock,
    CountersService,
    CacheGuard,
    CacheUpkeep,
    Changes,
    CleanUp,
    CommitPipeline,
    Commits,
    CounterFills,
    DatabaseClock,
    Drills,
    Happenings,
    Deliveries,
    HistoryDeriver,
    HistoryPruner,
    HistoryRoller,
    HistoryService,
    LatestNews,
    Names,
    PresentValues,
    RankingsService,
    Reconciler,
    Rehydrator,
    Sampler,
    SentCommits,
    ForecastsService,
    UnexpectedEvaluator,
    WatchEvaluator,
    WatchPruning,
    WatchesService,
    WebhooksService,
    WriteReach,
  ],
})
export class CountersModule {}
