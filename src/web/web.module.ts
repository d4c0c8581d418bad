import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { Gate } from './gate/gate.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ProblemsController } from './problems/problems.controller.js';

/** What all ways in over HTTP share. */
@Module({})
export class WebModule {
  static of(problems: ProblemFilter): DynamicModule {
    return {
      module: WebModule,
      imports: [AccessModule],
      controllers: [ProblemsController],
      providers: [Gate, { provide: ProblemFilter, useValue: problems }],
      exports: [Gate, ProblemFilter],
      // Every room that answers over HTTP sends its problems by it.
      global: true,
    };
  }
}
