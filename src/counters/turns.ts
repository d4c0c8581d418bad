import type { Holder } from './shares.js';
import type { Clock } from './clock.js';

/** After what took longer, something else was the matter. */
const LONGEST_REST_MS = 15_000;

/**
 * Does one thing at a time, and rests after each: so it takes a share of the time at most, of a connection or of this
 * process. Those who wait take turns, so that one with many wishes is in nobody's way.
 */
export class Turns {
  /** Who is to begin, by holder; the one whose turn it is next is first. */
  private readonly waiting = new Map<Holder, (() => void)[]>();
  private busy = false;

  /** @param restTimes how much longer than the work a rest is: with 1 it takes half of the time, with 3 a quarter */
  constructor(
    private readonly clock: Clock,
    private readonly restTimes = 1,
  ) {}

  /** Waits for its turn, and does the work; what that comes to, an error included, is passed on before the rest. */
  async take<T>(holder: Holder, work: () => Promise<T>): Promise<T> {
    await this.turnOf(holder);
    const startedAtMs = this.clock.monotonicMs();
    try {
      return await work();
    } finally {
      const restMs = (this.clock.monotonicMs() - startedAtMs) * this.restTimes;
      setTimeout(() => this.next(), Math.min(restMs, LONGEST_REST_MS)).unref();
    }
  }

  private async turnOf(holder: Holder): Promise<void> {
    if (!this.busy) {
      this.busy = true;
      return;
    }
    await new Promise<void>((begin) => {
      const own = this.waiting.get(holder);
      if (own === undefined) this.waiting.set(holder, [begin]);
      else own.push(begin);
    });
  }

  private next(): void {
    const [first] = this.waiting;
    if (first === undefined) {
      this.busy = false;
      return;
    }
    const [holder, [begin, ...rest]] = first;
    this.waiting.delete(holder);
    // Behind the others.
    if (rest.length > 0) this.waiting.set(holder, rest);
    begin?.();
  }
}
