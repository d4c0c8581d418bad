import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { CountersModule } from '../counters/counters.module.js';
import { BatchesController } from './batches.controller.js';
import { CountersController } from './counters.controller.js';
import { EdgesController } from './edges.controller.js';
import { HotRoutes } from './hot-routes.js';
import { KeysController } from './keys.controller.js';
import { TreeController } from './tree.controller.js';
import { SessionController } from './session.controller.js';

/** The calls on counters, and those on keys and on the session of a browser. */
@Module({
  imports: [AccessModule, CountersModule],
  controllers: [
    CountersController,
    TreeController,
    BatchesController,
    EdgesController,
    SessionController,
    KeysController,
  ],
  providers: [HotRoutes],
})
export class ApiModule {}
