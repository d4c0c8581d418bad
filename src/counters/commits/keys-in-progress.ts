import { KeyInProgress } from '../../domain/errors.js';
import type { Clock } from '../clock.js';

/** How long a request waits for another one with the same key; a commit takes milliseconds. */
const WAIT_FOR_KEY_MS = 1_000;

/** A request that holds its keys. Hardly ever does anybody wait for one, so there is no promise before somebody does. */
class Running {
  private waiting: (() => void)[] | null = null;

  ended(): Promise<void> {
    return new Promise((resolve) => (this.waiting ??= []).push(resolve));
  }

  end(): void {
    for (const go of this.waiting ?? []) go();
  }
}

/** The idempotency keys of requests that this process has not answered yet. */
export class KeysInProgress {
  private readonly running = new Map<string, Running>();

  constructor(private readonly clock: Clock) {}

  /**
   * Lets no other request with one of these keys in before the work is done.
   *
   * @throws KeyInProgress where another one takes too long
   */
  async holding<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const deadlineMs = this.clock.monotonicMs() + WAIT_FOR_KEY_MS;
    // Between the last look and the entry below nothing may be awaited, or two requests would get in.
    while (keys.some((key) => this.running.has(key))) await this.othersEnded(keys, deadlineMs);
    const running = new Running();
    for (const key of keys) this.running.set(key, running);
    try {
      return await work();
    } finally {
      for (const key of keys) this.running.delete(key);
      running.end();
    }
  }

  private async othersEnded(keys: readonly string[], deadlineMs: number): Promise<void> {
    const leftMs = deadlineMs - this.clock.monotonicMs();
    if (leftMs <= 0) throw new KeyInProgress('The first request with this idempotency key is still running.');
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, leftMs)));
    const others = keys.flatMap((key) => this.running.get(key)?.ended() ?? []);
    await Promise.race([Promise.all(others), timeout]);
    clearTimeout(timer);
  }
}
