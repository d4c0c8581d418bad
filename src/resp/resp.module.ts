import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { CountersModule } from '../counters/counters.module.js';
import { RespService } from './resp.service.js';

/** The Redis protocol. */
@Module({ imports: [AccessModule, CountersModule], providers: [RespService], exports: [RespService] })
export class RespModule {}
