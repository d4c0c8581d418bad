import { api, ApiError } from './api.js';
import { now, timeIsKnown } from './clock.js';
import type { HistoryPoint } from './shapes.js';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** History is asked for a few counters at a time: a page of them must not crowd out its reader's own clicks. */
const CONCURRENCY = 4;

const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS);

/** Changes of one counter in the last 24 hours, hour by hour; what comes in live is added to the last. */
export class RecentChanges {
  private readonly hours = new Map<number, number>();
  private readonly lastValue: number | null;

  constructor(points: readonly HistoryPoint[]) {
    for (const { at, delta } of points) this.add(delta, Date.parse(at));
    this.lastValue = points.at(-1)?.value ?? null;
  }

  /** History may be some seconds behind: what it lacks of the value, it lacks of the last hour. */
  catchUp(value: number, nowMs: number): void {
    if (this.lastValue !== null) this.add(value - this.lastValue, nowMs);
  }

  add(delta: number, atMs: number): void {
    const hour = hourOf(atMs);
    this.hours.set(hour, (this.hours.get(hour) ?? 0) + delta);
  }

  /** Oldest first; the last is the hour that is running. */
  perHour(nowMs: number): number[] {
    const now = hourOf(nowMs);
    return Array.from({ length: HOURS }, (_, index) => this.hours.get(now - HOURS + 1 + index) ?? 0);
  }

  /** Since local midnight, which is taken to lie on a full hour. */
  today(nowMs: number): number {
    const midnight = hourOf(new Date(nowMs).setHours(0, 0, 0, 0));
    let sum = 0;
    for (const [hour, delta] of this.hours) if (hour >= midnight) sum += delta;
    return sum;
  }
}

/** Asks for changes, a few counters at a time, in the order they were asked for. */
export class RecentChangesLoader {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private missing = false;
  private closed = false;

  /** Calls back with null where the service has no history. */
  load(name: string, use: (changes: RecentChanges | null) => void): void {
    this.waiting.push(async () => {
      const changes = this.missing ? null : await this.ask(name);
      if (!this.closed) use(changes);
    });
    this.next();
  }

  close(): void {
    this.closed = true;
    this.waiting.length = 0;
  }

  private next(): void {
    if (this.running >= CONCURRENCY) return;
    const task = this.waiting.shift();
    if (task === undefined) return;
    this.running += 1;
    void task().finally(() => {
      this.running -= 1;
      this.next();
    });
  }

  private async ask(name: string): Promise<RecentChanges | null> {
    await timeIsKnown;
    try {
      const from = new Date((hourOf(now()) - HOURS + 1) * HOUR_MS);
      return new RecentChanges((await api.history(name, from, 'hour')).data);
    } catch (error) {
      // The counter is gone, or there is no such call; one counter that is gone must not end it for the others.
      if (error instanceof ApiError && error.status === 404 && error.message.startsWith('There is nothing at')) {
        this.missing = true;
      }
      return null;
    }
  }
}
