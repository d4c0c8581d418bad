import { Pause } from './pause.js';

/** One poll after the other, with a pause between them that can be cut short; and who waits for the next to end. */
export class Polls {
  private stopped = false;
  private running: Promise<void> = Promise.resolve();
  private readonly pause = new Pause();
  private waiting: (() => void)[] = [];

  /**
   * @param poll never rejects
   * @param intervalMs the pause before each
   */
  constructor(
    private readonly poll: () => Promise<void>,
    private readonly intervalMs: number,
  ) {}

  /** Polls until `stop`. */
  start(): void {
    this.running = this.pollUntilStopped();
  }

  /** Settles when the poll at hand has ended; none begins after it. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.hurry();
    await this.running;
  }

  /** The next poll begins now, if none is at work. */
  hurry(): void {
    this.pause.cutShort();
  }

  /** Settles when a poll has ended, or after `timeoutMs`. */
  async endOfOne(timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private async pollUntilStopped(): Promise<void> {
    while (!this.stopped) {
      await this.pause.take(this.intervalMs);
      await this.poll();
      for (const resolve of this.waiting.splice(0)) resolve();
    }
  }
}
