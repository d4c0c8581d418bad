import { Unavailable } from '../domain/errors.js';

/** Whoever asks for a job is answered within a second; BullMQ by itself would wait for Redis for ever. */
const QUEUE_DEADLINE_MS = 800;

/**
 * What BullMQ answers, unless that takes too long or fails.
 *
 * @param deadlineMs longer for what nobody waits for
 * @throws Unavailable
 */
export async function fromQueue<T>(answer: Promise<T>, deadlineMs = QUEUE_DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), deadlineMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } catch (cause) {
    const unavailable = new Unavailable('The queue of jobs cannot be reached.');
    unavailable.cause = cause;
    throw unavailable;
  } finally {
    clearTimeout(timer);
  }
}
