/** Waiting for a server that starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedError } from './embedded-error.js';

/** Servers are ready in 30 ms or so; asking more often would only slow them down. */
const POLL_MS = 20;

/** A server that may be ready soon, or may have ended. */
export interface Starting {
  /** How it ended, or null while it runs. */
  readonly end: string | null;
  /** What it printed last. */
  lastWords(): string;
}

/**
 * Asks `ready` again and again until it says yes.
 *
 * @throws EmbeddedError when the server ends meanwhile, or after `timeoutMs`; the message holds what it said
 */
export async function until(
  ready: () => Promise<boolean>,
  server: Starting,
  name: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ready())) {
    if (server.end !== null) {
      throw new EmbeddedError(`${name} ended while it started (${server.end}):\n${server.lastWords()}`);
    }
    if (performance.now() > deadline) {
      throw new EmbeddedError(`${name} was not ready within ${timeoutMs} ms:\n${server.lastWords()}`);
    }
    await sleep(POLL_MS);
  }
  // Somebody answered; a server that lost its port to another would have ended by now or does so at once.
  if (server.end !== null) {
    throw new EmbeddedError(`${name} ended while it started (${server.end}):\n${server.lastWords()}`);
  }
}
