/** What a simulation of queues is made of: a time that jumps from event to event, processors, and a log that is flushed. */

interface Planned {
  readonly atMs: number;
  /** Of two at the same time, the one that was planned first comes first. */
  readonly order: number;
  readonly act: () => void;
}

/** What is going to happen, in the order of time. */
export class Events {
  /** Milliseconds since the beginning. */
  nowMs = 0;
  private order = 0;
  /** A heap: no event comes before the one at half its place. */
  private readonly heap: Planned[] = [];

  /** Plans something, so many milliseconds from now. */
  in(delayMs: number, act: () => void): void {
    const { heap } = this;
    const planned = { atMs: this.nowMs + delayMs, order: this.order++, act };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(planned, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = planned;
  }

  /** Lets everything happen that is planned up to then, and what comes of it. */
  runUntil(endMs: number): void {
    for (let first = this.heap[0]; first !== undefined && first.atMs <= endMs; first = this.heap[0]) {
      this.removeFirst();
      this.nowMs = first.atMs;
      first.act();
    }
    this.nowMs = endMs;
  }

  private removeFirst(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      const goesRight = right !== undefined && left !== undefined && isBefore(right, left);
      const child = goesRight ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[place] = child;
      place = 2 * place + (goesRight ? 2 : 1);
    }
    heap[place] = last;
  }
}

const isBefore = (a: Planned, b: Planned): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

interface Work {
  /** It has had enough once each of those who work has been served for so long. */
  readonly endsAtMs: number;
  readonly done: () => void;
}

/** Some processors, shared out evenly among those who want them; nobody uses more than one at a time. */
export class Processors {
  /** Time of processors that was used. */
  usedMs = 0;
  /** For how long somebody who was there from the beginning, and never idle, was served. */
  private servedMs = 0;
  private atMs = 0;
  private turn = 0;
  private readonly under: Work[] = [];

  /** @param count may be a fraction: what others leave of them */
  constructor(
    private readonly events: Events,
    private readonly count: number,
  ) {}

  /** Takes so much time of one processor, and longer where there are too few of them. */
  work(ms: number, done: () => void): void {
    this.advance();
    this.under.push({ endsAtMs: this.servedMs + ms, done });
    this.plan();
  }

  /** How much of a processor each has who works now. */
  private get share(): number {
    return Math.min(1, this.count / this.under.length);
  }

  private advance(): void {
    const elapsedMs = this.events.nowMs - this.atMs;
    this.atMs = this.events.nowMs;
    if (this.under.length === 0) return;
    this.servedMs += elapsedMs * this.share;
    this.usedMs += elapsedMs * this.share * this.under.length;
  }

  private plan(): void {
    this.turn += 1;
    const { turn, under } = this;
    let next = under[0];
    if (next === undefined) return;
    for (const work of under) if (work.endsAtMs < next.endsAtMs) next = work;
    const ended = next;
    this.events.in(Math.max(0, ended.endsAtMs - this.servedMs) / this.share, () => {
      // Somebody came or went meanwhile, and it was planned anew.
      if (turn !== this.turn) return;
      this.advance();
      under.splice(under.indexOf(ended), 1);
      this.plan();
      ended.done();
    });
  }
}

/** Does one thing after the other, on processors that it shares with others. */
export class Thread {
  private waiting: { readonly ms: number; readonly done: () => void }[] = [];
  private next = 0;
  private isBusy = false;

  constructor(private readonly processors: Processors) {}

  work(ms: number, done: () => void): void {
    this.waiting.push({ ms, done });
    if (!this.isBusy) this.run();
  }

  private run(): void {
    const work = this.waiting[this.next];
    this.isBusy = work !== undefined;
    if (work === undefined) {
      [this.waiting, this.next] = [[], 0];
      return;
    }
    this.next += 1;
    this.processors.work(work.ms, () => {
      work.done();
      this.run();
    });
  }
}

/** One flush at a time; each brings to the disk what was written before it began. */
export class Log {
  private waiting: (() => void)[] = [];
  private isFlushing = false;

  /** @param flushMs what the next flush takes */
  constructor(
    private readonly events: Events,
    private readonly flushMs: () => number,
  ) {}

  flush(done: () => void): void {
    this.waiting.push(done);
    if (!this.isFlushing) this.begin();
  }

  private begin(): void {
    const flushed = this.waiting;
    this.waiting = [];
    this.isFlushing = true;
    this.events.in(this.flushMs(), () => {
      this.isFlushing = false;
      if (this.waiting.length > 0) this.begin();
      for (const done of flushed) done();
    });
  }
}

/** Rows that are locked until their transaction ends; who waits for one gets it in the order of coming. */
export class Rows {
  private readonly waiting = new Map<number, (() => void)[]>();

  /** Locks a row, now or once it is its turn. */
  lock(row: number, locked: () => void): void {
    const others = this.waiting.get(row);
    if (others !== undefined) {
      others.push(locked);
      return;
    }
    this.waiting.set(row, []);
    locked();
  }

  isLocked(row: number): boolean {
    return this.waiting.has(row);
  }

  release(rows: readonly number[]): void {
    for (const row of rows) {
      const next = this.waiting.get(row)?.shift();
      if (next === undefined) this.waiting.delete(row);
      else next();
    }
  }
}
