import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { ApiModule } from './api/api.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { CountersModule } from './counters/counters.module.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { HealthModule } from './health/health.module.js';
import { HistoryModule } from './history/history.module.js';
import type { ProblemFilter } from './web/problems/problem.filter.js';
import { InsightModule } from './insight/insight.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { MetersModule } from './meters/meters.module.js';
import type { Traces } from './meters/traces.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { RespModule } from './resp/resp.module.js';
import { SharingModule } from './sharing/sharing.module.js';
import { StreamModule } from './stream/stream.module.js';
import { WebModule } from './web/web.module.js';

/** The map: every room of the house. */
@Module({})
export class AppModule {
  static of(config: Config, problems: ProblemFilter, traces: Traces): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        MetersModule.of(traces),
        AccessModule,
        CountersModule,
        WebModule.of(problems),
        ApiModule,
        HealthModule,
        HistoryModule,
        InsightModule,
        JobsModule,
        MetricsModule,
        OperationsModule,
        RespModule,
        SharingModule,
        StreamModule,
        DashboardModule,
      ],
    };
  }
}
