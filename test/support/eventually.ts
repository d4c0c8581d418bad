/** Waiting for a condition, instead of for a time. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
/** A machine may be far too busy; only what never comes true is waited for so long. */
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Settles when `condition` says yes; a condition that throws has not said yes yet.
 *
 * @throws after `timeoutMs`, with what the condition threw last
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let fault: unknown;
  for (;;) {
    try {
      if (await condition()) return;
      fault = undefined;
    } catch (error) {
      fault = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Not so within ${timeoutMs} ms: ${condition.toString()}`, { cause: fault });
    }
    await sleep(POLL_MS);
  }
}

/**
 * Calls until it is answered in time: a busy machine is late now and then, who breaks the promise is late each time.
 *
 * @returns the answer that came within `withinMs`
 * @throws when none did in a minute
 */
export async function promptly<T>(withinMs: number, call: () => Promise<T>): Promise<T> {
  const answers: T[] = [];
  await eventually(async () => {
    const begin = performance.now();
    const answer = await call();
    if (performance.now() - begin > withinMs) return false;
    answers.push(answer);
    return true;
  });
  const [answer] = answers;
  if (answer === undefined) throw new Error('there was no answer');
  return answer;
}
