import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { AuditController } from './audit.controller.js';
import { DrillController } from './drill.controller.js';
import { NewsController } from './news.controller.js';
import { TimelineController } from './timeline.controller.js';

/** What operators look at: who did what, and what happened. */
@Module({
  imports: [CountersModule],
  controllers: [AuditController, DrillController, NewsController, TimelineController],
})
export class OperationsModule {}
