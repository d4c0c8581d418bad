import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { ForecastController } from './forecast.controller.js';
import { WatchesController } from './watches.controller.js';
import { WebhooksController } from './webhooks.controller.js';

/** What counters should be, and who is told when they are not. */
@Module({
  imports: [CountersModule, OutgoingModule],
  controllers: [ForecastController, WatchesController, WebhooksController],
})
export class InsightModule {}
