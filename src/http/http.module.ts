import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { CountersModule } from '../counters/counters.module.js';
import { BatchesController } from './batches.controller.js';
import { CountersController } from './counters.controller.js';
import { HotRoutes } from './hot-routes.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemsController } from './problems.controller.js';
import { SessionController } from './session.controller.js';

/** Requests in: the calls on counters. */
@Module({})
export class HttpModule {
  static of(problems: ProblemFilter): DynamicModule {
    return {
      module: HttpModule,
      imports: [AccessModule, CountersModule],
      controllers: [CountersController, BatchesController, SessionController, ProblemsController],
      providers: [HotRoutes, { provide: ProblemFilter, useValue: problems }],
    };
  }
}
