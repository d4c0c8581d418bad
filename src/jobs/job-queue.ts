import { Injectable } from '@nestjs/common';
import { type Job, type JobState, Queue } from 'bullmq';
import { JobsSettings } from '../config/config.js';
import { DatabaseClock } from '../counters/database-clock.js';
import { Unavailable } from '../domain/errors.js';
import { fromQueue } from './deadline.js';
import type { Finished, JobKind, LastReports, Progress, Report, Reports } from './job-kinds.js';
import { JobsRedis } from './jobs-redis.js';

export const QUEUE_NAME = 'jobs';

/** The braces keep all keys of the queue together, should Redis ever be a cluster. */
export const QUEUE_PREFIX = '{evercount}';

/** Kept for whoever asks what became of a job. */
const KEPT_JOBS = 100;
const KEPT_SECONDS = 86_400;

/** Nobody reads the events; they are left to a glance by hand. */
const KEPT_EVENTS = 100;

/** Two at once would only double the load. */
const GLOBAL_CONCURRENCY = 1;

/** Rows expire all the time. */
const CLEAN_UP_INTERVAL_MS = 60_000;

/** The last points of a history lag by this much; what it costs grows as it falls. */
const DERIVE_HISTORY_INTERVAL_MS = 5_000;

/** Once for each minute that is over. */
const ROLL_UP_HISTORY_INTERVAL_MS = 60_000;

/** An hour of minutes, or a day of hours, becomes too old at a time. */
const PRUNE_HISTORY_INTERVAL_MS = 600_000;

/** A rehydration is tried this often before the cache is left to its readers. */
const REHYDRATE_ATTEMPTS = 3;
const REHYDRATE_RETRY_MS = 1_000;

/** Jobs that are looked at for one that waits already; more than one of a kind seldom wait. */
const WAITING_LOOKED_AT = 50;

/** Nobody waits for the schedule, and its dozen questions may well take a second on a busy machine. */
const SCHEDULE_DEADLINE_MS = 5_000;

/**
 * A next run that is this late will never come: a schedule without its next job stays so. One that is this far ahead was
 * set by an instance with a wrong calendar, and would come when that is right.
 */
const LATE_MS = 60_000;

const KEEP = { count: KEPT_JOBS, age: KEPT_SECONDS };

/** Of the frequent ones nothing is kept: there are so many that nothing else would be. */
const OPTIONS = {
  reconcile: { removeOnComplete: KEEP, removeOnFail: KEEP },
  rehydrate: {
    removeOnComplete: KEEP,
    removeOnFail: KEEP,
    attempts: REHYDRATE_ATTEMPTS,
    backoff: { type: 'fixed', delay: REHYDRATE_RETRY_MS },
  },
  'clean-up': { removeOnComplete: true, removeOnFail: KEEP },
  'derive-history': { removeOnComplete: true, removeOnFail: true },
  'roll-up-history': { removeOnComplete: true, removeOnFail: KEEP },
  'prune-history': { removeOnComplete: true, removeOnFail: KEEP },
} as const;

/** Jobs that the state tells of; more of them say nothing new. */
const RECENT_JOBS = 10;

type Kept = Job<object, Report, JobKind>;

/** A job as an operator sees it. Times are RFC 3339. */
export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly progress: Progress | null;
  readonly result: Report | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface QueueState {
  readonly jobs: Readonly<Record<string, number>>;
  readonly schedules: readonly { readonly kind: string; readonly everyMs: number; readonly nextAt: string | null }[];
  /** Newest first, by when they ended or were put in. */
  readonly recent: readonly JobView[];
}

/** The queue, from the side of those who put jobs in and look at them. Nobody here waits for Redis. */
@Injectable()
export class JobQueue {
  private queue: Queue<object, Report, JobKind> | null = null;

  constructor(
    private readonly redis: JobsRedis,
    private readonly settings: JobsSettings,
    private readonly clock: DatabaseClock,
  ) {}

  /** To be called when Redis answers: a queue that is made before waits for it, and keeps whoever asks waiting. */
  open(): void {
    if (this.queue !== null) return;
    this.queue = new Queue(QUEUE_NAME, {
      connection: this.redis.producer,
      prefix: QUEUE_PREFIX,
      streams: { events: { maxLen: KEPT_EVENTS } },
    });
    this.queue.on('error', () => undefined);
  }

  /**
   * Puts a job in, unless one of its kind waits already: whichever it is, it begins after this call.
   *
   * @returns its id
   * @throws Unavailable within a second
   */
  async add(kind: JobKind): Promise<string> {
    return fromQueue(
      (async () => {
        const queue = this.ready();
        const waiting = await queue.getWaiting(0, WAITING_LOOKED_AT - 1);
        const job = waiting.find(({ name }) => name === kind) ?? (await queue.add(kind, {}, OPTIONS[kind]));
        if (job.id === undefined) throw new Error('BullMQ gave the job no id');
        return job.id;
      })(),
    );
  }

  /** @throws Unavailable within a second */
  async find(id: string): Promise<JobView | null> {
    return fromQueue(
      (async () => {
        const queue = this.ready();
        // A job is a snapshot: read after its state, it holds at least what the state promises.
        const state = await queue.getJobState(id);
        if (state === 'unknown') return null;
        const job: Kept | undefined = await queue.getJob(id);
        return job === undefined ? null : viewOf(id, state, job);
      })(),
    );
  }

  /**
   * The latest reports that any instance made and the queue kept.
   *
   * @throws Unavailable within a second
   */
  async last(): Promise<LastReports> {
    return fromQueue(
      (async () => {
        const jobs: Kept[] = await this.ready().getCompleted(0, KEPT_JOBS - 1);
        return { reconcile: reportOf(jobs, 'reconcile'), rehydrate: reportOf(jobs, 'rehydrate') };
      })(),
    );
  }

  /** @throws Unavailable within a second */
  async state(): Promise<QueueState> {
    return fromQueue(
      (async () => {
        const queue = this.ready();
        const [jobs, schedules, recent] = await Promise.all([
          queue.getJobCounts(),
          queue.getJobSchedulers(),
          recentOf(queue),
        ]);
        return {
          jobs,
          recent,
          schedules: schedules.map(({ key, every, next }) => ({
            kind: key,
            everyMs: every ?? 0,
            nextAt: next === undefined ? null : isoOf(next),
          })),
        };
      })(),
    );
  }

  /**
   * Puts back what is missing of the schedule; many instances may do so at once.
   *
   * @returns the kinds that were put back
   * @throws Unavailable within `SCHEDULE_DEADLINE_MS`
   */
  async keepSchedule(): Promise<JobKind[]> {
    return fromQueue(
      (async () => {
        const queue = this.ready();
        // Both are lost in a flush too.
        await queue.setGlobalConcurrency(GLOBAL_CONCURRENCY);
        await queue.getBackend().setQueueMeta({ 'opts.maxLenEvents': KEPT_EVENTS });
        const missing: JobKind[] = [];
        for (const [kind, every] of this.schedules()) {
          const found = await queue.getJobScheduler(kind);
          // Before the guard has asked for the first time, only what is missing is put back.
          const nowMs = this.clock.nowMsIfKnown();
          const dueInMs = found?.next === undefined || nowMs === null ? 0 : found.next - nowMs;
          if (found?.every === every && Math.abs(dueInMs) < every + LATE_MS) continue;
          // In place a next run that is too far ahead would stay; else not, since removing it may lose its next job.
          if (dueInMs > every + LATE_MS) await queue.removeJobScheduler(kind);
          await queue.upsertJobScheduler(kind, { every }, { name: kind, opts: OPTIONS[kind] });
          missing.push(kind);
        }
        return missing;
      })(),
      SCHEDULE_DEADLINE_MS,
    );
  }

  private schedules(): (readonly [JobKind, number])[] {
    return [
      ['reconcile', this.settings.reconcileIntervalMs],
      ['clean-up', CLEAN_UP_INTERVAL_MS],
      ['derive-history', DERIVE_HISTORY_INTERVAL_MS],
      ['roll-up-history', ROLL_UP_HISTORY_INTERVAL_MS],
      ['prune-history', PRUNE_HISTORY_INTERVAL_MS],
    ];
  }

  private ready(): Queue<object, Report, JobKind> {
    if (this.queue === null || !this.redis.isReady) throw new Unavailable('Redis cannot be reached.');
    return this.queue;
  }
}

/** Each state is asked for by itself: it is newest first only within. */
async function recentOf(queue: Queue<object, Report, JobKind>): Promise<JobView[]> {
  const states = ['active', 'waiting', 'completed', 'failed'] as const;
  const found = await Promise.all(
    states.map(async (state) => {
      const jobs: Kept[] = await queue.getJobs([state], 0, RECENT_JOBS - 1);
      return jobs.flatMap((job) => (job.id === undefined ? [] : [viewOf(job.id, state, job)]));
    }),
  );
  return found
    .flat()
    .sort((a, b) => Date.parse(b.finishedAt ?? b.createdAt) - Date.parse(a.finishedAt ?? a.createdAt))
    .slice(0, RECENT_JOBS);
}

/** Of the newest job of a kind; the jobs come newest first. */
function reportOf<K extends JobKind>(jobs: readonly Kept[], kind: K): Finished<K> | null {
  const job = jobs.find(({ name }) => name === kind);
  if (job?.finishedOn === undefined) return null;
  // The kind of a job says which report it made.
  return { finishedAt: isoOf(job.finishedOn), report: job.returnvalue as Reports[K] };
}

function viewOf(id: string, state: JobState, job: Kept): JobView {
  const { name, progress, timestamp, processedOn, finishedOn } = job;
  return {
    id,
    kind: name,
    state,
    // BullMQ begins with the number 0; ours are objects.
    progress: typeof progress === 'object' ? (progress as Progress) : null,
    result: state === 'completed' ? job.returnvalue : null,
    createdAt: isoOf(timestamp),
    startedAt: processedOn === undefined ? null : isoOf(processedOn),
    finishedAt: finishedOn === undefined ? null : isoOf(finishedOn),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
