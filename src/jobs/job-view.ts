import type { Job, JobState } from 'bullmq';

/** A job as an operator sees it. Times are RFC 3339. */
export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly progress: object | null;
  readonly result: object | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** @param state as it was asked for before the job was read: then the job holds at least what it promises */
export function viewOf(id: string, state: JobState, job: Job<object, object>): JobView {
  const { name, progress, timestamp, processedOn, finishedOn } = job;
  return {
    id,
    kind: name,
    state,
    // Before a job tells of its progress BullMQ has the number 0 there.
    progress: typeof progress === 'object' ? progress : null,
    result: state === 'completed' ? job.returnvalue : null,
    createdAt: isoOf(timestamp),
    startedAt: processedOn === undefined ? null : isoOf(processedOn),
    finishedAt: finishedOn === undefined ? null : isoOf(finishedOn),
  };
}

/** Of BullMQ's times, milliseconds since 1970. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
