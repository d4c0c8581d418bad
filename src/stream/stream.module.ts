import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { StreamController } from './stream.controller.js';
import { StreamHub } from './stream-hub.js';
import { StreamMeters } from './stream-meters.js';

/** Live values, for whoever keeps a connection open. */
@Module({ imports: [CountersModule], controllers: [StreamController], providers: [StreamHub, StreamMeters] })
export class StreamModule {}
