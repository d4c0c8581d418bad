import { Module } from '@nestjs/common';
import { WebhookSettings } from '../config/config.js';
import { CountersModule } from '../counters/counters.module.js';
import { StoreModule } from '../store/store.module.js';
import { Destinations } from './destinations.js';
import { WebhookDeliverer } from './webhook-deliverer.js';

/** What leaves this service by itself: messages of watches, and nothing else. */
@Module({
  imports: [CountersModule, StoreModule],
  providers: [
    {
      provide: Destinations,
      inject: [WebhookSettings],
      useFactory: ({ allowed }: WebhookSettings) => new Destinations(allowed),
    },
    WebhookDeliverer,
  ],
  exports: [Destinations],
})
export class OutgoingModule {}
