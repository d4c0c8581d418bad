import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { QUEUE_NAME } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { JobsRedis } from './jobs-redis.js';
import { QUEUE_PREFIX } from '../config/redis-servers.js';
import { JobKinds } from './kinds.js';

/** A job of an instance that died is taken up by another one after this long; those that live renew it halfway. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;

/** After a fault of Redis the next job is asked for again. */
const RETRY_MS = 1_000;

/** A step of a job takes less. Then there are still seconds left for requests, before the process is killed at 10. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Takes jobs out of the queue, one at a time. */
@Injectable()
export class JobWorker {
  private readonly log = new Logger(JobWorker.name);
  private worker: Worker<object, object> | null = null;

  constructor(
    private readonly redis: JobsRedis,
    private readonly runner: JobRunner,
    private readonly kinds: JobKinds,
  ) {
    redis.onMove(() => this.leave());
  }

  /** To be called when Redis answers; afterwards the worker waits for Redis by itself. */
  open(): void {
    if (this.worker !== null) return;
    this.worker = new Worker<object, object>(QUEUE_NAME, (job) => this.process(job), {
      connection: this.redis.forWorker(),
      prefix: QUEUE_PREFIX,
      concurrency: 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      runRetryDelay: RETRY_MS,
    });
    // Redis went away, or was flushed while a job ran: the schedule brings the next one.
    this.worker.on('error', (error) => this.log.debug(error));
  }

  /** Lets the job at hand stop after its step, or abandons it where Redis does not answer. */
  async close(): Promise<void> {
    this.runner.stop();
    if (this.worker === null) return;
    // Without force BullMQ would wait for a Redis that is away.
    const force = !this.redis.isReady;
    const closed = this.worker.close(force).catch((error: unknown) => this.log.debug(error));
    const timeout = new AbortController();
    const tooLong = sleep(CLOSE_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    await Promise.race([closed, tooLong]);
    timeout.abort();
  }

  /** Abandons the queue where it was: the job at hand goes on, and is run once more where the queue is now. */
  private leave(): void {
    const { worker } = this;
    this.worker = null;
    worker?.close(true).catch((error: unknown) => this.log.debug(error));
  }

  private async process(job: Job<object, object>): Promise<object> {
    const kind = this.kinds.named(job.name);
    if (kind === null) throw new UnrecoverableError(`there is no job of the kind ${job.name}`);
    // A failure to tell the progress is no failure of the job: a flush may have taken the job away.
    return this.runner.run(kind, (progress) => void job.updateProgress(progress).catch(() => undefined));
  }
}
