import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ProcessSettings } from '../config/processes.js';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { RehydrateJob } from './kinds/rehydrate.js';

/** Has the cache filled when it was found empty; by a job, or in this process where there is no queue. */
@Injectable()
export class ColdCache implements OnModuleInit {
  private running = false;
  private again = false;

  constructor(
    private readonly guard: CacheGuard,
    private readonly queue: JobQueue,
    private readonly runner: JobRunner,
    private readonly job: RehydrateJob,
    private readonly process: ProcessSettings,
  ) {}

  onModuleInit(): void {
    // The process that commits notices the same.
    if (this.process.role !== 'worker') this.guard.onColdCache(() => void this.rehydrate());
  }

  private async rehydrate(): Promise<void> {
    if ((await this.queue.add(this.job).catch(() => null)) !== null) return;
    // A cache that turns cold while it is filled has lost what was filled by then: it is filled once more.
    this.again = this.running;
    if (this.running) return;
    this.running = true;
    do {
      this.again = false;
      // A failure is logged by the runner. Readers fill the cache too.
      await this.runner.run(this.job, () => undefined).catch(() => undefined);
    } while (this.wasColdAgain());
    this.running = false;
  }

  private wasColdAgain(): boolean {
    return this.again;
  }
}
