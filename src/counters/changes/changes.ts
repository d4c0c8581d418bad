import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ChangeChannel } from '../../cache/change-channel.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { type Change, changeOf, changesIn, messageOf, type Sender } from './change.js';
import type { Truth } from '../../domain/counter.js';
import { Clock } from '../clock.js';

/** A counter is told of once in this time, however often it changes; the first change after a pause at once. */
const GATHER_MS = 100;

/** Counters that are told of together: a message of about a megabyte. What is beyond is found by looking. */
const MAX_GATHERED = 5_000;

/** Who wants to know of changes. */
export interface ChangesListener {
  /** Changes at any instance, in no order: versions say which is newer. */
  readonly changed: (changes: readonly Change[]) => void;
  /** Changes of other instances began to arrive, or do not arrive any more. */
  readonly turned: () => void;
}

/**
 * Tells of changes, here and at other instances, after they were published and soon after they were made. Some may be
 * lost: who must not miss them looks at the present values too. While nobody listens anywhere, it costs a write one
 * comparison.
 */
@Injectable()
export class Changes {
  private readonly instance = randomUUID();
  private readonly gathered = new Map<string, Truth>();
  private listener: ChangesListener | null = null;
  private timer: NodeJS.Timeout | null = null;
  private toldAtMs = -Infinity;
  /** When the database was found to be another one: what was sent before may have been answered by the one before. */
  private databaseSinceMs = -Infinity;

  constructor(
    private readonly channel: ChangeChannel,
    private readonly guard: CacheGuard,
    private readonly clock: Clock,
  ) {
    guard.onOtherDatabase(() => {
      this.databaseSinceMs = clock.monotonicMs();
      this.gathered.clear();
    });
  }

  /** Whether changes of other instances arrive. */
  get isLive(): boolean {
    return this.channel.isLive;
  }

  /**
   * What was committed and published: to be called once for each batch. Left out where it may be of the database before:
   * a failover may have taken it back, and its version would hide what is true.
   *
   * @param sentAtMs when it was sent to Postgres, milliseconds of the monotonic clock
   */
  note(truths: Iterable<Truth>, sentAtMs: number): void {
    if (this.listener === null && !this.channel.othersListen) return;
    if (sentAtMs < this.databaseSinceMs) return;
    for (const truth of truths) {
      const earlier = this.gathered.get(truth.name);
      if (earlier === undefined && this.gathered.size >= MAX_GATHERED) continue;
      // Batches may be published out of order.
      if (earlier === undefined || truth.version > earlier.version) this.gathered.set(truth.name, truth);
    }
    if (this.timer !== null || this.gathered.size === 0) return;
    this.timer = setTimeout(() => this.tell(), Math.max(0, this.toldAtMs + GATHER_MS - this.clock.monotonicMs()));
  }

  /** Begins to listen; there is one listener at a time. */
  listen(listener: ChangesListener): void {
    this.listener = listener;
    this.channel.open({
      message: (text) => {
        const sender = this.sender();
        if (sender !== null) listener.changed(changesIn(text, sender));
      },
      turned: () => listener.turned(),
    });
  }

  /** Ends listening. */
  stopListening(): void {
    this.listener = null;
    this.channel.close();
  }

  private tell(): void {
    this.timer = null;
    this.toldAtMs = this.clock.monotonicMs();
    const changes = [...this.gathered.values()].map(changeOf);
    this.gathered.clear();
    const sender = this.channel.othersListen ? this.sender() : null;
    if (sender !== null) void this.channel.send(messageOf(sender, changes));
    this.listener?.changed(changes);
  }

  private sender(): Sender | null {
    const { database } = this.guard;
    return database === null ? null : { database, instance: this.instance };
  }
}
