import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { judge, policyOf } from '../cache/eviction-policy.js';
import { CacheSettings, ConfigError, JobsSettings } from '../config/config.js';
import { ProcessSettings } from '../config/processes.js';
import { sharesServers } from '../config/redis-servers.js';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { Pause } from '../counters/pause.js';
import { JobQueue } from './job-queue.js';
import { JobWorker } from './job-worker.js';
import { JobsRedis } from './jobs-redis.js';
import { Schedule } from './schedule.js';

/** A flush that nobody noticed is mended well within 30 s; the jitter keeps instances apart. */
const LOOK_INTERVAL_MS = 15_000;
const LOOK_JITTER_MS = 5_000;

/** The service starts without Redis, after this long. */
const FIRST_CONTACT_MS = 1_000;

/**
 * Keeps the jobs going: opens queue and worker when Redis answers, and puts back the schedule, which lives in Redis and
 * goes with every flush. One in each instance; no answer to any client depends on it. Of a worker only the queue is opened,
 * to put jobs in.
 */
@Injectable()
export class Watchdog implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger(Watchdog.name);
  private readonly sharesRedis: boolean;
  private away = false;
  /** As it was told last; null: it is not told. */
  private policy: string | null | undefined = undefined;
  private fault: string | null = null;
  private scheduled = false;

  private stopped = false;
  private looking: Promise<void> = Promise.resolve();
  private lookAgain = false;
  private readonly pause = new Pause();

  constructor(
    private readonly redis: JobsRedis,
    private readonly queue: JobQueue,
    private readonly schedule: Schedule,
    private readonly worker: JobWorker,
    private readonly guard: CacheGuard,
    private readonly process: ProcessSettings,
    jobs: JobsSettings,
    cache: CacheSettings,
  ) {
    this.sharesRedis = sharesServers(jobs.servers, cache.servers);
  }

  /** @throws ConfigError when Redis answers and may evict jobs */
  async onModuleInit(): Promise<void> {
    await this.redis.firstContact(FIRST_CONTACT_MS);
    const policy = await this.askPolicy().catch(() => null);
    if (judge(policy) === 'refused') {
      this.redis.close();
      throw new ConfigError(refusal(policy));
    }
    this.redis.onReady(() => this.lookNow());
    this.redis.onClose(() => this.noteAway());
    this.guard.onColdCache(() => this.lookNow());
    this.looking = this.lookUntilStopped();
  }

  /** Before the HTTP server closes: what runs uses connections that are closed after it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.pause.cutShort();
    await this.worker.close();
    this.redis.close();
    await this.looking;
  }

  private lookNow(): void {
    this.lookAgain = true;
    this.pause.cutShort();
  }

  private async lookUntilStopped(): Promise<void> {
    while (!this.stopped) {
      this.lookAgain = false;
      if (this.redis.isReady) await this.look();
      if (this.mayRest()) await this.pause.take(LOOK_INTERVAL_MS + Math.random() * LOOK_JITTER_MS);
    }
  }

  private mayRest(): boolean {
    return !this.stopped && !this.lookAgain;
  }

  private async look(): Promise<void> {
    try {
      const policy = await this.askPolicy();
      this.noteBack();
      if (!this.allows(policy) || this.stopped) return;
      this.queue.open();
      if (this.process.role !== 'worker') {
        this.worker.open();
        await this.keepSchedule();
      }
      this.fault = null;
    } catch (error) {
      // That Redis is away was logged when the connection closed.
      if (this.redis.isReady && !this.stopped) this.noteFault(error);
    }
  }

  private async keepSchedule(): Promise<void> {
    const missing = await this.schedule.keep();
    if (missing.length > 0 && this.scheduled) this.log.log({ msg: 'the schedule was gone and is back', missing });
    this.scheduled = true;
  }

  private noteFault(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault !== this.fault) this.log.warn({ msg: 'the schedule of the jobs cannot be looked after', err: error });
    this.fault = fault;
  }

  private async askPolicy(): Promise<string | null> {
    const info = await this.redis.memoryInfo();
    return info === null ? null : policyOf(info);
  }

  /** What came to be after the start is told once, and keeps new jobs from beginning. */
  private allows(policy: string | null): boolean {
    const verdict = judge(policy);
    const isNew = policy !== this.policy;
    this.policy = policy;
    if (verdict === 'refused' && isNew) this.log.error(refusal(policy));
    if (policy === null && isNew) {
      this.log.warn("the jobs' Redis does not tell its maxmemory-policy: it must be noeviction, or jobs may be lost");
    }
    if (verdict === 'risky' && isNew && this.sharesRedis) {
      this.log.warn(
        `the Redis of cache and jobs has maxmemory-policy ${policy ?? ''}; noeviction is safer, or JOBS_REDIS_URL ` +
          'that leads to another Redis',
      );
    }
    return verdict !== 'refused';
  }

  private noteAway(): void {
    if (!this.away && !this.stopped) {
      this.log.warn({ msg: "the jobs' Redis cannot be reached; jobs wait", reason: this.redis.fault });
    }
    this.away = true;
  }

  private noteBack(): void {
    if (this.away) this.log.log("the jobs' Redis answers");
    this.away = false;
  }
}

function refusal(policy: string | null): string {
  return (
    `The Redis of the jobs has maxmemory-policy ${policy ?? ''}, which may evict them; set it to noeviction, or give ` +
    'JOBS_REDIS_URL of a Redis that has it'
  );
}
