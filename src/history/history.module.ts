import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { HistoryController } from './history.controller.js';

/** Changes over time, sums and rankings: read, never written here. */
@Module({ imports: [CountersModule], controllers: [HistoryController] })
export class HistoryModule {}
