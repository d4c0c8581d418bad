import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { Realm } from '../cache/realm.js';
import { CacheSettings, JobsSettings } from '../config/config.js';
import { CountersModule } from '../counters/counters.module.js';
import { AdminController } from './admin.controller.js';
import { ColdCache } from './cold-cache.js';
import type { JobKind } from './job-kind.js';
import { JobMeters } from './job-meters.js';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { JobWorker } from './job-worker.js';
import { JobsRedis, jobsRedisOf } from './jobs-redis.js';
import { JobKinds, KINDS } from './kinds.js';
import { Schedule } from './schedule.js';
import { Watchdog } from './watchdog.js';

/** What is done in the background, by a queue that may vanish; and the calls with which operators ask for it. */
@Module({
  imports: [CountersModule, CacheModule],
  controllers: [AdminController],
  providers: [
    { provide: JobsRedis, inject: [JobsSettings, CacheSettings, Realm], useFactory: jobsRedisOf },
    JobMeters,
    JobQueue,
    JobRunner,
    JobWorker,
    Schedule,
    ColdCache,
    Watchdog,
    ...KINDS,
    { provide: JobKinds, inject: [...KINDS], useFactory: (...kinds: JobKind[]) => new JobKinds(kinds) },
  ],
})
export class JobsModule {}
