import type { Changes } from '../counters/changes/changes.js';
import { Pause } from '../counters/pause.js';
import { Unavailable } from '../domain/errors.js';

/** A change whose message was lost is seen after this long. */
const LOOK_INTERVAL_MS = 3_000;

/** The same while no messages arrive: then this is how changes of other instances are seen at all. */
const AWAY_INTERVAL_MS = 1_000;

/** Other instances notice within a second that somebody listens; what changed until then is looked up. */
const NOTICED_AFTER_MS = 1_500;

/** Prefixes that are looked at in one round, each some ten milliseconds of work; the others in the next ones. */
const PREFIXES_IN_ROUND = 8;

/**
 * How changes of other instances come here.
 *
 * - `live`: as they are made, through Redis.
 * - `polled`: Redis is away, and they are looked up in Postgres, about once a second.
 * - `stalled`: Postgres is away too; what was shown last may be old.
 */
export type Feed = 'live' | 'polled' | 'stalled';

/** What is kept in step with the truth. */
export interface Resynced {
  /** Every prefix that is watched. */
  readonly prefixes: () => readonly string[];
  /** Reads the present values of all watched names, and of these prefixes. Throws Unavailable. */
  readonly look: (prefixes: readonly string[]) => Promise<void>;
  /** The feed is another one now. */
  readonly turned: () => void;
}

/** Looks at the present values of what is watched, so that a message that was lost stays without consequence. */
export class Resync {
  private current: Feed = 'polled';
  private reachable = true;
  private round = 0;
  private running: AbortController | null = null;
  private readonly resting = new Pause();
  /** Woken during a look, which may have begun too early. */
  private woken = false;
  private wasLive = false;

  constructor(
    private readonly changes: Changes,
    private readonly resynced: Resynced,
  ) {}

  /** How changes come to be known just now. */
  get feed(): Feed {
    return this.current;
  }

  start(): void {
    this.stop();
    this.running = new AbortController();
    this.reachable = true;
    this.wasLive = false;
    this.woken = false;
    this.current = this.feedNow();
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.resting.cutShort();
  }

  /** Messages began to arrive, or do not arrive any more, or what is known must be looked at anew. */
  wake(): void {
    this.tell();
    this.woken = true;
    this.resting.cutShort();
  }

  private async run(signal: AbortSignal): Promise<void> {
    // The first streams have just read what they show.
    await this.pause(NOTICED_AFTER_MS);
    const ended = (): boolean => signal.aborted;
    while (!ended()) {
      const begunLive = this.changes.isLive;
      await this.look();
      if (ended()) return;
      this.tell();
      const justBack = begunLive && !this.wasLive;
      this.wasLive = begunLive;
      const sees = begunLive && this.reachable;
      await this.pause(justBack ? NOTICED_AFTER_MS : sees ? LOOK_INTERVAL_MS : AWAY_INTERVAL_MS);
    }
  }

  private async look(): Promise<void> {
    const prefixes = this.resynced.prefixes();
    const start = (this.round * PREFIXES_IN_ROUND) % Math.max(1, prefixes.length);
    this.round += 1;
    try {
      await this.resynced.look(prefixes.slice(start, start + PREFIXES_IN_ROUND));
      this.reachable = true;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.reachable = false;
    }
  }

  private feedNow(): Feed {
    if (this.changes.isLive) return 'live';
    return this.reachable ? 'polled' : 'stalled';
  }

  private tell(): void {
    const feed = this.feedNow();
    if (feed === this.current) return;
    this.current = feed;
    this.resynced.turned();
  }

  private async pause(ms: number): Promise<void> {
    if (!this.woken) await this.resting.take(ms);
    this.woken = false;
  }
}
