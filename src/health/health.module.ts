import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { HealthController } from './health.controller.js';

/** Probes for whoever runs the service. */
@Module({ imports: [CountersModule], controllers: [HealthController] })
export class HealthModule {}
