import { Injectable } from '@nestjs/common';
import { type Job, Queue } from 'bullmq';
import { Unavailable } from '../domain/errors.js';
import { fromQueue } from './deadline.js';
import { type JobKind, KEPT_JOBS } from './job-kind.js';
import { isoOf, type JobView, viewOf } from './job-view.js';
import { JobsRedis } from './jobs-redis.js';
import { QUEUE_PREFIX } from '../config/redis-servers.js';
import { LastReports } from './last-reports.js';

export const QUEUE_NAME = 'jobs';

/** Nobody reads the events; they are left to a glance by hand. */
export const KEPT_EVENTS = 100;

/** Jobs that are looked at for one that waits already; more than one of a kind seldom wait. */
const WAITING_LOOKED_AT = 50;

/** Jobs that the state tells of; more of them say nothing new. */
const RECENT_JOBS = 10;

export interface QueueState {
  readonly jobs: Readonly<Record<string, number>>;
  readonly schedules: readonly { readonly kind: string; readonly everyMs: number; readonly nextAt: string | null }[];
  /** Newest first, by when they ended or were put in. */
  readonly recent: readonly JobView[];
}

type Bull = Queue<object, object>;

/** The queue, from the side of those who put jobs in and look at them. Nobody here waits for Redis. */
@Injectable()
export class JobQueue {
  private queue: Bull | null = null;

  constructor(private readonly redis: JobsRedis) {
    // Its connection was ended: the next one is opened where the queue is now.
    redis.onMove(() => (this.queue = null));
  }

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
   * What BullMQ answers.
   *
   * @param deadlineMs within a second, where none is given
   * @throws Unavailable by then
   */
  async ask<T>(question: (queue: Bull) => Promise<T>, deadlineMs?: number): Promise<T> {
    const { queue, redis } = this;
    if (queue === null || !redis.isReady) throw new Unavailable('Redis cannot be reached.');
    return fromQueue(question(queue), deadlineMs);
  }

  /**
   * Puts a job in, unless one of its kind waits already: whichever it is, it begins after this call.
   *
   * @returns its id
   * @throws Unavailable within a second
   */
  async add({ name, options }: JobKind): Promise<string> {
    return this.ask(async (queue) => {
      const waiting = await queue.getWaiting(0, WAITING_LOOKED_AT - 1);
      const job = waiting.find((other) => other.name === name) ?? (await queue.add(name, {}, options));
      if (job.id === undefined) throw new Error('BullMQ gave the job no id');
      return job.id;
    });
  }

  /** @throws Unavailable within a second */
  async find(id: string): Promise<JobView | null> {
    return this.ask(async (queue) => {
      const state = await queue.getJobState(id);
      if (state === 'unknown') return null;
      const job: Job<object, object> | undefined = await queue.getJob(id);
      return job === undefined ? null : viewOf(id, state, job);
    });
  }

  /**
   * The latest reports that any instance made and the queue kept.
   *
   * @throws Unavailable within a second
   */
  async last(): Promise<LastReports> {
    return this.ask(async (queue) => {
      const reports = new LastReports();
      const newestFirst = await queue.getCompleted(0, KEPT_JOBS - 1);
      for (const { name, returnvalue, finishedOn } of newestFirst.reverse()) {
        if (finishedOn !== undefined) reports.note(name, returnvalue, isoOf(finishedOn));
      }
      return reports;
    });
  }

  /** @throws Unavailable within a second */
  async state(): Promise<QueueState> {
    return this.ask(async (queue) => {
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
    });
  }
}

/** Each state is asked for by itself: it is newest first only within. */
async function recentOf(queue: Bull): Promise<JobView[]> {
  const states = ['active', 'waiting', 'completed', 'failed'] as const;
  const found = await Promise.all(
    states.map(async (state) => {
      const jobs = await queue.getJobs([state], 0, RECENT_JOBS - 1);
      return jobs.flatMap((job) => (job.id === undefined ? [] : [viewOf(job.id, state, job)]));
    }),
  );
  return found
    .flat()
    .sort((a, b) => Date.parse(b.finishedAt ?? b.createdAt) - Date.parse(a.finishedAt ?? a.createdAt))
    .slice(0, RECENT_JOBS);
}
