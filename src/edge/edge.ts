import type { EdgeSettings } from '../config/edge.js';
import { Counting } from './counting.js';
import { type Contact, Courier, type CourierClock, REAL_CLOCK } from './courier.js';
import { EdgeFile, firstOf, unlessRefused } from './edge-file.js';
import { Outbox } from './outbox.js';
import { Refusals } from './refusals.js';
import { Tally } from './tally.js';
import { Upstream } from './upstream.js';

/** What is shown of an edge, to the person who stands beside it and to programs. */
export interface EdgeStatus extends Contact {
  readonly id: string;
  readonly upstream: string;
  /** `counting`: what is counted is delivered, or waits for the network. The others wait for somebody to decide. */
  readonly state: 'counting' | 'forked' | 'lost';
  /** Increments that wait, and the items in which they will be delivered. */
  readonly waiting: { readonly increments: number; readonly items: number };
  /** The number of the last item that was delivered. */
  readonly delivered: number;
  readonly refused: readonly { readonly code: string; readonly items: number; readonly increments: number }[];
  readonly fileBytes: number;
  /** Why the disk takes nothing, so that nothing is counted; null: it does. */
  readonly disk: string | null;
}

/** Keys are kept for a day: a minute more of them is nothing. Where many are due, callers get their turn in between. */
const FORGET_KEYS_EVERY_MS = 60_000;
const FORGET_MORE_AFTER_MS = 10;

/** The parts of an edge, put together. */
export class Edge {
  readonly tally: Tally;
  readonly counting: Counting;
  readonly refusals: Refusals;
  readonly courier: Courier;
  private housekeeping: NodeJS.Timeout;

  private constructor(
    readonly file: EdgeFile,
    private readonly settings: EdgeSettings,
    private readonly clock: CourierClock,
    say: (line: string) => void,
  ) {
    const { upstream, key, everyMs, keptMs } = settings;
    this.tally = new Tally(file);
    this.counting = new Counting(this.tally, () => clock.nowMs());
    this.refusals = new Refusals(file);
    this.courier = new Courier(file, new Outbox(file), new Upstream(upstream, key), everyMs, keptMs, clock, say);
    this.housekeeping = setTimeout(() => this.forgetKeys(), FORGET_MORE_AFTER_MS).unref();
  }

  /** @throws EdgeFileFault */
  static open(settings: EdgeSettings, say: (line: string) => void, clock: CourierClock = REAL_CLOCK): Edge {
    return new Edge(EdgeFile.open(settings.file), settings, clock, say);
  }

  /** Counted anew each time it is asked for. */
  get status(): EdgeStatus {
    const { file, courier } = this;
    const { id, last, state } = file.row;
    const { increments } = firstOf(
      file.all<{ increments: number }>('SELECT coalesce(sum(count), 0) AS increments FROM pending'),
    );
    const { items } = firstOf(
      file.all<{ items: number }>(
        `SELECT (SELECT count(*) FROM items)
              + (SELECT coalesce(sum(last - first), 0) FROM deliveries WHERE settled_at IS NULL) AS items`,
      ),
    );
    return {
      id,
      upstream: this.settings.upstream,
      state: state === 'open' ? 'counting' : state,
      waiting: { increments, items },
      delivered: last,
      ...courier.contact,
      refused: this.refusals.totals,
      fileBytes: file.bytes,
      disk: file.disk,
    };
  }

  /** Ends deliveries, and lets go of the file, which another process may then open. */
  async close(): Promise<void> {
    clearTimeout(this.housekeeping);
    await this.courier.stop();
    this.file.close();
  }

  private forgetKeys(): void {
    const isMore = unlessRefused(() => this.tally.forgetKeys(this.clock.nowMs()));
    const afterMs = isMore === true ? FORGET_MORE_AFTER_MS : FORGET_KEYS_EVERY_MS;
    this.housekeeping = setTimeout(() => this.forgetKeys(), afterMs).unref();
  }
}
