import { Global, Module } from '@nestjs/common';
import { Meters } from './meters.js';

/** One place for all numbers of this instance. */
@Global()
@Module({ providers: [Meters], exports: [Meters] })
export class MetersModule {}
