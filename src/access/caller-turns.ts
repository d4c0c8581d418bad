import { Unavailable } from '../domain/errors.js';

/**
 * What begins in one turn of the event loop, at most. A request costs some 50 µs by itself, and as much when Redis or
 * Postgres has answered: so whoever comes meanwhile waits for a millisecond or two.
 */
const PER_TURN = 16;

/** Of what makes turns longer than this, such as lists of a thousand counters, less begins in each. */
const LONG_TURN_MS = 4;

/** What waits of one caller, some 3 KB each: all that the connections of one address may bring at once. */
const MAX_WAITING = 5_000;

/** Callers that wait. */
const MAX_CALLERS = 10_000;

interface Queue {
  readonly begins: (() => void)[];
  /** Those before it have begun. */
  next: number;
}

/** Where most have begun: of a caller who always has something waiting, they would else be kept for ever. */
function forgetBegun(queue: Queue): void {
  if (queue.next * 2 < queue.begins.length) return;
  queue.begins.splice(0, queue.next);
  queue.next = 0;
}

/**
 * Whose request begins next. As long as there is little to do, it is whoever comes; otherwise callers take turns, so that
 * one who sends a thousand requests at a time, or keeps a hundred connections busy, is served one after each of the
 * others' and not before them.
 */
export class CallerTurns {
  private readonly waiting = new Map<string, Queue>();
  private begun = 0;
  /** How much may begin in this turn. */
  private allowed: number;
  /** When the present turn began; null where none is to come. */
  private begunAtMs: number | null = null;

  /** @param perTurn what begins in one turn of the event loop, at least 1 */
  constructor(
    private readonly perTurn = PER_TURN,
    private readonly nowMs = (): number => performance.now(),
  ) {
    this.allowed = perTurn;
  }

  /**
   * @param begin called when its turn has come, where that is not now
   * @returns whether it is now
   * @throws Unavailable where too much waits
   */
  take(caller: string, begin: () => void): boolean {
    this.schedule();
    if (this.begun < this.allowed && this.waiting.size === 0) {
      this.begun += 1;
      return true;
    }
    if (this.isFull(caller)) throw new Unavailable('Too many requests wait for their turn.');
    const own = this.waiting.get(caller);
    if (own === undefined) this.waiting.set(caller, { begins: [begin], next: 0 });
    else own.begins.push(begin);
    return false;
  }

  /** Whether no more of a caller's may wait. */
  isFull(caller: string): boolean {
    const own = this.waiting.get(caller);
    return own === undefined ? this.waiting.size >= MAX_CALLERS : own.begins.length - own.next >= MAX_WAITING;
  }

  private schedule(): void {
    if (this.begunAtMs !== null) return;
    this.begunAtMs = this.nowMs();
    setImmediate(() => this.turn());
  }

  private turn(): void {
    const nowMs = this.nowMs();
    // With what was begun in it, since most of that is done at once.
    const tookMs = nowMs - (this.begunAtMs ?? nowMs);
    this.begunAtMs = nowMs;
    this.allowed = tookMs > LONG_TURN_MS ? Math.ceil(this.allowed / 2) : Math.min(this.perTurn, this.allowed + 1);
    // Turns may be long for reasons of their own, and a round of all callers would take many of them.
    this.allowed = Math.max(this.allowed, Math.min(this.perTurn, this.waiting.size));
    this.begun = 0;
    while (this.begun < this.allowed) {
      const [first] = this.waiting;
      if (first === undefined) break;
      const [caller, queue] = first;
      const begin = queue.begins[queue.next];
      queue.next += 1;
      forgetBegun(queue);
      this.waiting.delete(caller);
      // Behind the others.
      if (queue.begins.length > 0) this.waiting.set(caller, queue);
      this.begun += 1;
      begin?.();
    }
    if (this.begun > 0) setImmediate(() => this.turn());
    else this.begunAtMs = null;
  }
}
