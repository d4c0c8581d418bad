/** Servers of ours that outlived their service: it was killed where the kernel could not tell them. */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, parseIdentity } from './process-identity.js';

/** An immediate end takes milliseconds; longer means it cannot act on signals it could refuse. */
const PATIENCE_MS = 5_000;
const POLL_MS = 20;

export interface Leftover {
  /** The id of the last server that ran here; it does not run any more. */
  readonly pid: number;
  /** It did until now. */
  readonly wasRunning: boolean;
}

/**
 * Ends the process that `pidFile` names, if it still is that very process, and removes the file. Nothing else is ever
 * touched: an id alone, which may be a stranger's by now, is not enough.
 *
 * @returns what the file named, or null
 */
export async function endLeftover(pidFile: string, signal: NodeJS.Signals): Promise<Leftover | null> {
  const leftover = parseIdentity(await readFile(pidFile, 'utf8').catch(() => ''));
  const wasRunning = leftover !== null && isRunning(leftover);
  if (wasRunning) {
    process.kill(leftover.pid, signal);
    process.kill(leftover.pid, 'SIGCONT');
    const deadline = performance.now() + PATIENCE_MS;
    while (isRunning(leftover)) {
      if (performance.now() > deadline) process.kill(leftover.pid, 'SIGKILL');
      await sleep(POLL_MS);
    }
  }
  await rm(pidFile, { force: true });
  return leftover === null ? null : { pid: leftover.pid, wasRunning };
}
