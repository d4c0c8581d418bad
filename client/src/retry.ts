import { OutcomeUnknown, type EvercountError } from './errors.js';
import type { Signal } from './platform.js';
import { TIME_IS_OVER, type Tried } from './transport.js';

/** How long to try, and how long to wait between tries; all in milliseconds. */
export interface RetryOptions {
  /** For the whole call, waits included. Default 30 000. */
  readonly deadlineMs?: number;
  /** Before the second try at most this, doubled for each further one; the wait itself is random. Default 100. */
  readonly firstWaitMs?: number;
  /** Where the doubling ends. Default 2000. */
  readonly longestWaitMs?: number;
}

/** Times of a call, in milliseconds. */
export interface Times extends Required<RetryOptions> {
  /** For one try. */
  readonly timeoutMs: number;
  readonly triesAgain: boolean;
}

/** A restart of the service, or of its database, takes a few seconds. */
const DEADLINE_MS = 30_000;
/** About a commit on a busy service. */
const FIRST_WAIT_MS = 100;
/** Longer waits would mostly delay the news that the service is back. */
const LONGEST_WAIT_MS = 2_000;
/** The service itself gives up on its database after 3 s; a try must outlast that to hear of it. */
const TIMEOUT_MS = 5_000;
/** A last try with less time would rather turn a known outcome into an unknown one. */
const SHORTEST_TRY_MS = 100;

/** Fills in the defaults; with `retry` false there is one try. */
export function timesOf(timeoutMs = TIMEOUT_MS, retry: RetryOptions | false = {}): Times {
  if (retry === false) {
    return { timeoutMs, triesAgain: false, deadlineMs: timeoutMs, firstWaitMs: 0, longestWaitMs: 0 };
  }
  const { deadlineMs = DEADLINE_MS, firstWaitMs = FIRST_WAIT_MS, longestWaitMs = LONGEST_WAIT_MS } = retry;
  return { timeoutMs, triesAgain: true, deadlineMs, firstWaitMs, longestWaitMs };
}

/**
 * Tries until something is decided or the deadline comes.
 *
 * @param key the idempotency key of a write, null for a read
 * @throws OutcomeUnknown when a write may have been committed by one of the tries; else the error of the last try
 */
export async function untilDecided<T>(
  times: Times,
  key: string | null,
  caller: Signal | undefined,
  tryOnce: (signal: Signal) => Promise<Tried<T>>,
): Promise<T> {
  const endsAt = performance.now() + times.deadlineMs;
  let unknown = false;
  const final = (error: EvercountError) => (key !== null && unknown ? new OutcomeUnknown(key, error) : error);
  for (let tries = 0; ; tries += 1) {
    const tried = await within(Math.min(times.timeoutMs, endsAt - performance.now()), caller, tryOnce);
    if (tried.ok) return tried.value;

    // Once unknown it stays so: that a later try changed nothing says nothing of an earlier one.
    unknown = tried.outcome === 'unknown' || (unknown && tried.outcome !== 'decided');
    const jitterMs = tried.draw * Math.min(times.longestWaitMs, times.firstWaitMs * 2 ** tries);
    const waitMs = (tried.error.retryAfterMs ?? 0) + jitterMs;
    const inTime = performance.now() + waitMs + SHORTEST_TRY_MS <= endsAt;
    if (!tried.retry || !times.triesAgain || !inTime) throw final(tried.error);
    await waited(waitMs, caller);
  }
}

/** Runs one try with a signal that fires when its time is over or the caller's signal fires. */
export async function within<T>(
  timeMs: number,
  caller: Signal | undefined,
  run: (signal: Signal) => Promise<T>,
): Promise<T> {
  // AbortSignal.any() keeps a listener on the caller's signal for as long as that lives; this one lets go.
  const controller = new AbortController();
  const abort = () => controller.abort(caller?.reason);
  const timer = setTimeout(() => controller.abort(TIME_IS_OVER), timeMs);
  if (caller?.aborted === true) abort();
  caller?.addEventListener('abort', abort);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', abort);
  }
}

/** Waits, or until the caller's signal fires; the next try then ends at once. */
export function waited(timeMs: number, caller: Signal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, timeMs);
    if (caller?.aborted === true) end();
    else caller?.addEventListener('abort', end);
  });
}
