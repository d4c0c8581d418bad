import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BEGINNING, type Position } from '../domain/delivery.js';
import { DISK_PAUSE_MS, DiskRefuses, type EdgeFile, unlessRefused } from './edge-file.js';
import type { Outbox, Sealed } from './outbox.js';
import { meaningOf, nextStep, pauseMs, placeOf } from './rules.js';
import type { Heard, Upstream } from './upstream.js';

const Verdict = z.union([
  z.object({ status: z.literal(200), value: z.int(), replayed: z.literal(true).optional() }),
  z.object({ status: z.int(), code: z.string(), detail: z.string() }),
]);
const Results = z.object({ results: z.array(Verdict) });
const Place = z.object({ last: z.int().min(0), digest: z.string().nullable() });

/** What people are told of the way upstream. */
export interface Contact {
  /** Of the last answer that settled something, RFC 3339; null: there was none since the start. */
  readonly deliveredAt: string | null;
  /** Tries that failed since then. */
  readonly failures: number;
  /** Why the last one did; null: it did not. */
  readonly fault: string | null;
}

/** What it does by the clock, so that tests can do it by theirs. */
export interface CourierClock {
  nowMs(): number;
  random(): number;
}

export const REAL_CLOCK: CourierClock = { nowMs: () => Date.now(), random: () => Math.random() };

const DELIVERS = 'this edge delivers: there is nothing to decide';

/** Brings what waits upstream: one request under way, the same one until it is settled. */
export class Courier {
  /** Deliveries and items that were settled since the start. */
  readonly settled = { deliveries: 0, items: 0, bytes: 0 };
  private readonly end = new AbortController();
  private wake: () => void = () => undefined;
  private running: Promise<void> | null = null;
  private failures = 0;
  private fault: string | null = null;
  private deliveredAtMs: number | null = null;
  /** Upstream took nothing of what is under way before that; null: it may have, before we were started. */
  private sinceMs: number | null = null;

  /**
   * @param everyMs how long what was counted waits for more to go along
   * @param keptMs how long what was delivered is kept
   */
  constructor(
    private readonly file: EdgeFile,
    private readonly outbox: Outbox,
    private readonly upstream: Pick<Upstream, 'deliver' | 'position' | 'close'>,
    private readonly everyMs: number,
    private readonly keptMs: number,
    private readonly clock: CourierClock = REAL_CLOCK,
    private readonly say: (line: string) => void = () => undefined,
  ) {}

  get contact(): Contact {
    const { deliveredAtMs, failures, fault } = this;
    return { deliveredAt: deliveredAtMs === null ? null : new Date(deliveredAtMs).toISOString(), failures, fault };
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Does not wait for the pause at hand. */
  hurry(): void {
    this.failures = 0;
    this.wake();
  }

  /** Cuts off what is under way: it was written down, and is sent again after the next start. */
  async stop(): Promise<void> {
    this.end.abort();
    this.wake();
    await this.running;
    this.upstream.close();
  }

  /** One step; answers how long to pause behind it, milliseconds; null: there is nothing to do. */
  async step(): Promise<number | null> {
    const { outbox } = this;
    switch (nextStep(outbox.view)) {
      case 'rest':
        return null;
      case 'seal':
        this.sinceMs = this.clock.nowMs();
        outbox.seal();
        return 0;
      case 'ask':
        return this.ask();
      case 'send': {
        const sealed = outbox.sealed();
        return sealed === null ? 0 : this.send(sealed);
      }
    }
  }

  /**
   * Goes on from where upstream stands, or with an identity of its own; what was under way waits again.
   *
   * @returns what is wrong; null: it is done
   */
  async resync(isNew: boolean): Promise<string | null> {
    const { outbox, file } = this;
    const { state, id } = file.row;
    // What is under way may have been taken: taken back, it would count twice.
    if (state === 'open') return DELIVERS;
    if (isNew) {
      outbox.restart(BEGINNING, randomUUID());
    } else {
      if (state === 'forked') return 'another edge has this identity: only a new identity will do';
      const told = await this.told(id);
      if (!('last' in told)) return told.fault ?? 'upstream did not say where this edge stands';
      // Somebody else may have decided meanwhile.
      if (file.row.state !== 'lost') return DELIVERS;
      outbox.restart(told, id);
    }
    this.hurry();
    return null;
  }

  private async run(): Promise<void> {
    while (!this.end.signal.aborted) {
      let waitMs: number | null;
      try {
        waitMs = await this.step();
      } catch (error) {
        // It is told as what it is: upstream has no part in it.
        if (!(error instanceof DiskRefuses)) throw error;
        waitMs = DISK_PAUSE_MS;
      }
      if (waitMs === 0) {
        // Requests get their turn in between.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      if (waitMs === null) await this.tidy();
      await this.pause(waitMs ?? this.everyMs);
    }
  }

  private async send(sealed: Sealed): Promise<number> {
    const heard = await this.upstream.deliver(this.file.row.id, sealed.body, this.end.signal);
    const meaning = meaningOf(heard);
    switch (meaning) {
      case 'settled': {
        const { data } = Results.safeParse(heard.body);
        if (data?.results.length !== sealed.last - sealed.first) {
          return this.failed({ ...heard, fault: 'its answer is none to this delivery' }, 'later');
        }
        this.outbox.settle(sealed, data.results, this.clock.nowMs(), this.sinceMs);
        this.settled.deliveries += 1;
        this.settled.items += data.results.length;
        this.settled.bytes += sealed.body.length;
        this.deliveredAtMs = this.clock.nowMs();
        this.answered();
        return 0;
      }
      case 'gap':
        this.outbox.mustAsk();
        return 0;
      case 'forked':
        this.outbox.stop('forked');
        this.answered();
        this.say(
          'another edge delivered with the identity of this one: its file was copied or restored. What is counted here ' +
            'stays here; "evercount edge resync --new-identity" gives this one an identity of its own',
        );
        return 0;
      case 'later':
      case 'refused':
        return this.failed(heard, meaning);
    }
  }

  private async ask(): Promise<number> {
    const { id, last, digest } = this.file.row;
    const told = await this.told(id);
    if (!('last' in told)) {
      const meaning = meaningOf(told);
      return this.failed(told, meaning === 'refused' ? meaning : 'later');
    }
    const { outbox } = this;
    const place = placeOf(told, { last, digest }, outbox.sealed(), outbox.keptAt(told.last));
    switch (place) {
      case 'go on':
        outbox.goOn();
        break;
      case 'again':
        this.sinceMs = this.clock.nowMs();
        outbox.sendAgain(told);
        this.say(`upstream was restored to an older state: what it misses from item ${told.last + 1} on is sent again`);
        break;
      case 'forked':
      case 'lost':
        outbox.stop(place);
        this.say(
          place === 'lost'
            ? 'upstream was restored to a state from before what is kept here: "evercount edge resync" goes on from there'
            : 'another edge delivered with the identity of this one: see "evercount edge status"',
        );
    }
    this.answered();
    return 0;
  }

  private async told(id: string): Promise<Position | Heard> {
    const heard = await this.upstream.position(id, this.end.signal);
    const { data } = Place.safeParse(heard.status === 200 ? heard.body : null);
    return data ?? { ...heard, fault: heard.fault ?? 'its answer is none to the question where this edge stands' };
  }

  private answered(): void {
    if (this.failures > 0) this.say(`upstream answers again, after ${this.failures} tries`);
    this.failures = 0;
    this.fault = null;
  }

  private failed({ fault, retryAfterSeconds }: Heard, meaning: 'later' | 'refused'): number {
    this.failures += 1;
    if (this.failures === 1) this.say(`upstream: ${fault ?? 'no answer'}; what is counted waits here`);
    this.fault = fault;
    return pauseMs(this.failures, meaning, retryAfterSeconds, this.clock.random());
  }

  /** When nothing is to be done: what was kept long enough goes, and what is free goes back to the disk. */
  private async tidy(): Promise<void> {
    const isMore = () =>
      unlessRefused(() => this.outbox.forget(this.clock.nowMs() - this.keptMs) || this.file.shrink());
    while (!this.end.signal.aborted && isMore() === true) await new Promise((resolve) => setImmediate(resolve));
  }

  private async pause(ms: number): Promise<void> {
    const woken = new AbortController();
    this.wake = () => woken.abort();
    if (this.end.signal.aborted) return;
    await sleep(ms, undefined, { signal: woken.signal }).catch(() => undefined);
  }
}
