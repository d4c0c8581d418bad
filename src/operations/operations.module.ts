import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { AuditController } from './audit.controller.js';

/** What operators look at: who did what, and what happened. */
@Module({ imports: [CountersModule], controllers: [AuditController] })
export class OperationsModule {}
