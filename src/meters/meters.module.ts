import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Meters } from './meters.js';
import { Traces } from './traces.js';

/** One place for all numbers of this instance, and for its spans. */
@Global()
@Module({})
export class MetersModule {
  static of(traces: Traces): DynamicModule {
    return {
      module: MetersModule,
      providers: [Meters, { provide: Traces, useValue: traces }],
      exports: [Meters, Traces],
    };
  }
}
