import { Injectable } from '@nestjs/common';
import { Meters, type Reading, readingsOf } from '../meters/meters.js';
import { JobQueue, type QueueState } from './job-queue.js';
import { JobRunner } from './job-runner.js';

/** Both meters of the queue, and scrapes close together, share one look. */
const LOOK_LIFE_MS = 500;

/** Says what the jobs of this instance came to, and what waits in the queue that all instances share. */
@Injectable()
export class JobMeters {
  private look: Promise<QueueState | null> = Promise.resolve(null);
  private lookedAtMs = -Infinity;

  constructor(
    meters: Meters,
    runner: JobRunner,
    private readonly queue: JobQueue,
  ) {
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_job_runs_total',
        help: 'Jobs that this instance ran, by kind and by what became of them',
        read: () => runner.runs(),
      },
      {
        kind: 'gauge',
        name: 'evercount_job_queue_up',
        together: 'committer',
        help: "Whether the jobs' Redis answers this instance",
        read: async () => [{ labels: {}, value: (await this.state()) === null ? 0 : 1 }],
      },
      {
        kind: 'gauge',
        name: 'evercount_job_queue_jobs',
        together: 'committer',
        help: 'Jobs in the queue, by state; missing while Redis is away',
        read: () => this.jobs(),
      },
    );
  }

  private async jobs(): Promise<Reading[]> {
    return readingsOf('state', (await this.state())?.jobs ?? {});
  }

  private state(): Promise<QueueState | null> {
    if (performance.now() - this.lookedAtMs > LOOK_LIFE_MS) {
      this.lookedAtMs = performance.now();
      this.look = this.queue.state().catch(() => null);
    }
    return this.look;
  }
}
