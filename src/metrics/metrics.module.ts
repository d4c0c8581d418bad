import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { MetricsPage } from './metrics-page.js';

/** The numbers of this instance, for whoever watches over it. */
@Module({ controllers: [MetricsController], providers: [MetricsPage] })
export class MetricsModule {}
