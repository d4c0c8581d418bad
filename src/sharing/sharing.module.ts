import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { CountersModule } from '../counters/counters.module.js';
import { LinksController } from './links.controller.js';
import { ShownController } from './shown.controller.js';

/** Counters shown to others: the links by which they see them, and what they see. */
@Module({ imports: [AccessModule, CountersModule], controllers: [LinksController, ShownController] })
export class SharingModule {}
