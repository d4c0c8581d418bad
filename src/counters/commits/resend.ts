import type { Clock } from '../clock.js';
import { ok } from 'node:assert/strict';
import { LIMITS } from '../../store/connections.js';
import { isLockTimeout, StoreFailure } from '../../store/failure.js';
import { OutcomeUnknown } from '../../domain/errors.js';
import { NotWritten } from './lane.js';

/**
 * How old a write may be when it is tried again: longer than a crashed Postgres takes to come back, and than a first try
 * whose answer is lost, which must be tried again to be settled. A try that begins then waits 800 ms for a connection to a
 * Postgres that hangs, so that a client hears of it within three seconds.
 */
export const ANSWER_WITHIN_MS = 2_100;

/** What the slowest clients are promised: a write is answered in this time, be it with an error. */
const PATIENCE_OF_CLIENTS_MS = 3_000;

const { query_timeout: queryTimeoutMs, connectionTimeoutMillis: connectTimeoutMs } = LIMITS;
ok(queryTimeoutMs < ANSWER_WITHIN_MS, 'a first try whose answer is lost is tried again');
ok(ANSWER_WITHIN_MS + connectTimeoutMs < PATIENCE_OF_CLIENTS_MS, 'the last try ends while the client listens');

/** Pause before the same batch is sent again, with jitter. */
const PAUSE_MS = 30;
const JITTER_MS = 70;

/**
 * Sends a batch until its fate is known. Once an answer was lost only the same batch may be sent again: its id makes
 * sure that it counts once.
 *
 * @param send one try; told whether an earlier one may have been committed
 * @param deadlineMs of the clock's monotonic time
 * @throws NotWritten when nothing of it was written
 * @throws OutcomeUnknown when Postgres did not come back in time to tell
 * @throws what `send` throws that is `rejected` or a `conflict`, for the caller to deal with: nothing of it was written
 */
export async function sendUntilKnown<T>(
  send: (resent: boolean) => Promise<T>,
  deadlineMs: number,
  clock: Clock,
): Promise<T> {
  let sent = false;
  for (;;) {
    try {
      return await send(sent);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      switch (error.fate) {
        case 'unknown':
          sent = true;
          break;
        case 'conflict':
        case 'rejected':
          // What became of this try says nothing of the one before, which may have been committed.
          if (!sent) throw error;
          break;
        case 'not_sent':
        case 'rolled_back':
          if (!sent) throw new NotWritten(error.message, { cause: error });
      }
      if (clock.monotonicMs() >= deadlineMs) {
        throw new OutcomeUnknown('Postgres did not tell in time whether the write was committed.');
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + Math.random() * JITTER_MS));
    }
  }
}

/** Times what is decided is begun again because somebody created one of its counters, or used one of its keys, meanwhile. */
const MAX_CONFLICTS = 5;

/** Begins again what came into conflict with somebody else's, each time as a new try. */
export async function againAfterConflicts<T>(send: () => Promise<T>): Promise<T> {
  for (let conflicts = 1; ; conflicts += 1) {
    try {
      return await send();
    } catch (error) {
      const again = error instanceof StoreFailure && error.fate === 'conflict' && conflicts < MAX_CONFLICTS;
      if (!again) throw error;
    }
  }
}

/** Whether a batch failed because somebody else held a row or a key for too long. */
export function wasHeldUp(error: unknown): boolean {
  return error instanceof NotWritten && error.cause instanceof StoreFailure && isLockTimeout(error.cause);
}
