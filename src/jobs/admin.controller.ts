import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CacheSettings } from '../config/config.js';
import { Sampler } from '../counters/happenings/sampler.js';
import { AuditService } from '../counters/happenings/audit.service.js';
import { CacheUpkeep } from '../counters/upkeep/cache-upkeep.js';
import { sendUnkept } from '../web/answers.js';
import { refuseBody } from '../web/bodies/validation.js';
import { queryOf } from '../web/query.js';
import { ProblemError } from '../web/problems/problem.js';
import { requesterOf } from '../web/requester.js';
import { CacheAnswer, FlushAnswer, JobAnswer, QueuedJob, RehydrateQuery } from './admin.shapes.js';
import type { JobKind } from './job-kind.js';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { ReconcileJob } from './kinds/reconcile.js';
import { RehydrateAllJob } from './kinds/rehydrate-all.js';
import { RehydrateJob } from './kinds/rehydrate.js';
import type { Finished } from './last-reports.js';

/** Ids as BullMQ gives them: a number, or `repeat:<schedule>:<time>`. */
const JOB_ID = /^[\w:-]{1,100}$/;

/** To be pasted in the folder where `npm start` runs; it finds the password by itself. */
const FLUSH_EMBEDDED = 'npm run cli -- cache flushall --yes';

/** What operators look at and do. */
@Controller('v1/admin')
export class AdminController {
  constructor(
    private readonly upkeep: CacheUpkeep,
    private readonly queue: JobQueue,
    private readonly runner: JobRunner,
    private readonly reconcileJob: ReconcileJob,
    private readonly rehydrateJob: RehydrateJob,
    private readonly rehydrateAllJob: RehydrateAllJob,
    private readonly audit: AuditService,
    private readonly sampler: Sampler,
    private readonly settings: CacheSettings,
  ) {}

  @Get('cache')
  async cache(@Res() reply: FastifyReply): Promise<void> {
    // Each of them is answered in time, whatever is away.
    const [state, recentReads, queue, kept] = await Promise.all([
      this.upkeep.state(),
      this.sampler.recentReads(),
      this.queue.state().catch(() => null),
      this.queue.last().catch(() => null),
    ]);
    const later = <K extends JobKind>(kind: K): Finished<K> | null =>
      laterOf(kept?.of(kind) ?? null, this.runner.last.of(kind));
    sendUnkept(reply, CacheAnswer, {
      ...state,
      flushCommand: this.settings.isEmbedded === true ? FLUSH_EMBEDDED : null,
      recentReads,
      queue: queue === null ? { state: 'down' } : { state: 'up', ...queue },
      lastReconcile: later(this.reconcileJob),
      lastRehydrate: later(this.rehydrateJob),
    });
  }

  @Post('cache/flush')
  @HttpCode(200)
  async flush(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseBody(request);
    sendUnkept(reply, FlushAnswer, { removed: await this.upkeep.flush(requesterOf(request)) });
  }

  @Post('cache/rehydrate')
  @HttpCode(202)
  async rehydrate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseBody(request);
    const { all } = queryOf(RehydrateQuery, request);
    await this.enqueue(all === 'true' ? this.rehydrateAllJob : this.rehydrateJob, reply);
  }

  @Post('cache/reconcile')
  @HttpCode(202)
  async reconcile(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    refuseBody(request);
    const by = requesterOf(request);
    const deed = { action: 'cache.reconcile', by, subject: null, before: null, after: null } as const;
    await this.audit.around(deed, async () => {
      const job = await this.enqueue(this.reconcileJob, reply);
      return { result: undefined, after: { job } };
    });
  }

  @Get('jobs/:id')
  async job(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const job = JOB_ID.test(id) ? await this.queue.find(id) : null;
    if (job === null) {
      const detail = 'There is no job with this id; jobs are kept for a day, and not after a flush.';
      throw new ProblemError('not_found', detail);
    }
    sendUnkept(reply, JobAnswer, { job });
  }

  /** @returns its id */
  private async enqueue(kind: JobKind, reply: FastifyReply): Promise<string> {
    const id = await this.queue.add(kind);
    reply.header('location', `${reply.server.basePath}/v1/admin/jobs/${encodeURIComponent(id)}`);
    sendUnkept(reply, QueuedJob, { job: { id, kind: kind.name } });
    return id;
  }
}

function laterOf<T extends Finished<JobKind>>(a: T | null, b: T | null): T | null {
  if (a === null || b === null) return a ?? b;
  return a.finishedAt >= b.finishedAt ? a : b;
}
