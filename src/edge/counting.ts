import { Unavailable } from '../domain/errors.js';
import type { Counted, Kept, Tally } from './tally.js';

/** Increments that wait for the disk; past it they are refused. */
const MAX_WAITING = 10_000;

/** Increments in one transaction: some ten milliseconds, so that nobody waits for long. */
const MAX_GROUP = 2_000;

interface Waiting {
  readonly group: readonly Counted[];
  readonly resolve: (kept: readonly Kept[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Increments that come together share one write to the disk; each is answered when that is done. */
export class Counting {
  /** Increments that were kept, and writes to the disk for them. */
  readonly kept = { increments: 0, groups: 0 };
  private queue: Waiting[] = [];
  private size = 0;
  private isDue = false;

  constructor(
    private readonly tally: Pick<Tally, 'keep'>,
    private readonly nowMs: () => number,
  ) {}

  /**
   * Keeps some increments, all of them in one transaction; they are on the disk when it resolves.
   *
   * @throws Unavailable where the disk takes nothing, or too many wait: nothing of it was kept
   */
  keep(group: readonly Counted[]): Promise<readonly Kept[]> {
    if (this.size + group.length > MAX_WAITING) {
      return Promise.reject(new Unavailable('Too many increments are waiting for the disk; nothing was counted.'));
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ group, resolve, reject });
      this.size += group.length;
      if (this.isDue) return;
      this.isDue = true;
      // What lies in the sockets by then goes along.
      setImmediate(() => this.work());
    });
  }

  private work(): void {
    const taken: Waiting[] = [];
    let size = 0;
    for (const waiting of this.queue) {
      if (size > 0 && size + waiting.group.length > MAX_GROUP) break;
      taken.push(waiting);
      size += waiting.group.length;
    }
    this.queue = this.queue.slice(taken.length);
    this.size -= size;
    try {
      const all = taken.flatMap(({ group }) => group);
      const kept = this.tally.keep(all, this.nowMs());
      this.kept.increments += size;
      this.kept.groups += 1;
      let at = 0;
      for (const { group, resolve } of taken) {
        resolve(kept.slice(at, at + group.length));
        at += group.length;
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
    this.isDue = this.queue.length > 0;
    if (this.isDue) setImmediate(() => this.work());
  }
}
