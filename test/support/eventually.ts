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
