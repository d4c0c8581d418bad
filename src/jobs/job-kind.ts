import type { JobsOptions } from 'bullmq';

/** Jobs that the queue keeps of those that ended, for whoever asks what became of one. */
export const KEPT_JOBS = 100;

/** And none for longer than a day. */
const KEPT_SECONDS = 86_400;

/** What becomes of a job that ended: each kind has to say. */
type KeepingOptions = Required<Pick<JobsOptions, 'removeOnComplete' | 'removeOnFail'>>;

const KEPT = { count: KEPT_JOBS, age: KEPT_SECONDS };

/** Of jobs that somebody may ask for. */
export const ALL_KEPT: KeepingOptions = { removeOnComplete: KEPT, removeOnFail: KEPT };

/** Of frequent ones: there are so many that succeed that nothing else would be kept. */
export const FAILURES_KEPT: KeepingOptions = { removeOnComplete: true, removeOnFail: KEPT };

/** Of those that are so frequent that nothing else would be kept even while they fail. */
export const NOTHING_KEPT: KeepingOptions = { removeOnComplete: true, removeOnFail: true };

/** One run of a job. */
export interface Run {
  /** Stop after the step at hand. */
  readonly signal: AbortSignal;
  /** Called after each step of a job that has steps to tell of. */
  readonly progress: (progress: object) => void;
}

/** All there is to know of a kind of job; whoever adds one adds a file to kinds/, and a line to kinds.ts. */
export interface JobKind {
  readonly name: string;
  /** Milliseconds between two runs of all instances together; null: it runs where somebody asks for it. */
  readonly everyMs: number | null;
  readonly options: KeepingOptions & Pick<JobsOptions, 'attempts' | 'backoff'>;
  /** @returns what it reports */
  runOnce: (run: Run) => Promise<object>;
}
