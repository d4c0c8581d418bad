import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../counters/database-clock.js';
import { JobQueue, KEPT_EVENTS } from './job-queue.js';
import { JobKinds } from './kinds.js';

/** Two at once would only double the load. */
const GLOBAL_CONCURRENCY = 1;

/** Nobody waits for the schedule, and its dozen questions may well take a second on a busy machine. */
const DEADLINE_MS = 5_000;

/**
 * A next run that is this late will never come: a schedule without its next job stays so. One that is this far ahead was
 * set by an instance with a wrong calendar, and would come when that is right.
 */
const LATE_MS = 60_000;

/** When jobs run by themselves. It lives in Redis, and goes with every flush. */
@Injectable()
export class Schedule {
  constructor(
    private readonly queue: JobQueue,
    private readonly kinds: JobKinds,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Puts back what is missing; many instances may do so at once.
   *
   * @returns the kinds that were put back
   * @throws Unavailable within 5 s
   */
  async keep(): Promise<string[]> {
    return this.queue.ask(async (queue) => {
      // A flush of Redis takes these two settings along.
      await queue.setGlobalConcurrency(GLOBAL_CONCURRENCY);
      await queue.getBackend().setQueueMeta({ 'opts.maxLenEvents': KEPT_EVENTS });
      const missing: string[] = [];
      for (const { name, everyMs, options } of this.kinds.all) {
        if (everyMs === null) continue;
        const found = await queue.getJobScheduler(name);
        // Before the guard has asked for the first time, only what is missing is put back.
        const nowMs = this.clock.nowMsIfKnown();
        const dueInMs = found?.next === undefined || nowMs === null ? 0 : found.next - nowMs;
        if (found?.every === everyMs && Math.abs(dueInMs) < everyMs + LATE_MS) continue;
        // Only a next run that is too far ahead is removed first: an update would leave it where it is. Otherwise not, since
        // a schedule that is removed may lose the job that is due.
        if (dueInMs > everyMs + LATE_MS) await queue.removeJobScheduler(name);
        await queue.upsertJobScheduler(name, { every: everyMs }, { name, opts: options });
        missing.push(name);
      }
      return missing;
    }, DEADLINE_MS);
  }
}
