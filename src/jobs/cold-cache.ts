import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheGuard } from '../counters/cache-guard.js';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';

/** Has the cache filled when it was found empty; by a job, or in this process where there is no queue. */
@Injectable()
export class ColdCache implements OnModuleInit {
  private running = false;

  constructor(
    private readonly guard: CacheGuard,
    private readonly queue: JobQueue,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.guard.onColdCache(() => void this.rehydrate());
  }

  private async rehydrate(): Promise<void> {
    const queued = await this.queue.add('rehydrate').catch(() => null);
    if (queued !== null || this.running) return;
    this.running = true;
    try {
      await this.runner.run('rehydrate', () => undefined);
    } catch {
      // Logged by the runner. Readers fill the cache too.
    } finally {
      this.running = false;
    }
  }
}
