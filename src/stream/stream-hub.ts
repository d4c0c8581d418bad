import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Change } from '../counters/changes/change.js';
import { Changes } from '../counters/changes/changes.js';
import { Unavailable } from '../domain/errors.js';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { LatestNews } from '../counters/happenings/latest-news.js';
import { PresentValues } from '../counters/reads/present-values.js';
import { type Holder, Shares } from '../counters/shares.js';
import { type EventKind, eventText, retryText } from './event.js';
import { EventStream } from './event-stream.js';
import { Resync } from './resync.js';
import { HEARTBEAT_MS, MAX_BEGINNINGS, MAX_STREAMS, RETRY_JITTER_MS, RETRY_MS, TICK_MS } from './limits.js';
import { NewsWatchers } from './news-watchers.js';
import { Readings } from './readings.js';
import type { Subscription } from './subscription.js';
import { WatchedCounters } from './watched-counters.js';
import { Watchers } from './watchers.js';

/**
 * Where all streams of this instance meet. What changed is learned at once and told at the next tick, the same text to
 * all who watch it; a stream begins at a tick too, with a snapshot of what is known then. So versions only ever rise
 * after a snapshot, and nothing is kept for each stream and counter. Where Postgres is another one than before, what was
 * told may be lost: all is read anew, and every stream is sent a new snapshot.
 */
@Injectable()
export class StreamHub implements BeforeApplicationShutdown {
  /** Streams that were dropped because their clients did not keep up. */
  dropped = 0;
  /** Events that were sent, each counted once however many streams it went to. */
  events = 0;

  /** Tells the events of this process from those of another one. */
  private readonly life = randomBytes(6).toString('base64url');
  private readonly streams = new Set<EventStream>();
  private readonly shares = new Shares(MAX_STREAMS);
  private readonly watchers = new Watchers();
  private readonly counters = new WatchedCounters();
  private readonly readings: Readings;
  private readonly resync: Resync;
  private readonly news: NewsWatchers;
  /** Streams that begin, or begin anew, at the next ticks. */
  private readonly arrivals = new Set<EventStream>();
  /** What is watched was not read of this database yet; until then no stream begins. */
  private mustReadAnew = false;
  private serial = 0;
  private tickedAtMs = -Infinity;
  private ticking: NodeJS.Timeout | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly changes: Changes,
    values: PresentValues,
    private readonly guard: CacheGuard,
    latest: LatestNews,
  ) {
    guard.onOtherDatabase(() => this.forget());
    guard.onTurn(() => this.tellFeed());
    this.readings = new Readings(values, this.watchers, this.counters, (changes) => this.learn(changes));
    this.news = new NewsWatchers(latest, (item, streams) =>
      this.tellAll(this.eventOf('happened', JSON.stringify(item)), streams),
    );
    this.resync = new Resync(changes, {
      look: (prefixes) => this.look(prefixes),
      prefixes: () => [...this.watchers.prefixes.keys()],
      turned: () => this.tellFeed(),
    });
  }

  /** Streams that are open, or about to be. */
  get open(): number {
    return this.streams.size;
  }

  /** Counters of which something is remembered. */
  get watched(): number {
    return this.counters.size;
  }

  /**
   * Admits a stream: from here on changes are collected for it.
   *
   * @param holder whose share it is taken from
   * @throws Unavailable where there are too many, while shutting down, and where no snapshot can be had
   */
  async admit(subscription: Subscription, holder: Holder): Promise<EventStream> {
    if (this.closed) throw new Unavailable('This instance is shutting down.');
    const stream = new EventStream(subscription, holder);
    this.streams.add(stream);
    this.shares.add(holder);
    const fits = this.watchers.add(stream);
    try {
      if (!this.shares.allow(holder))
        throw new Unavailable('Too many streams are open on this instance, or by this key.');
      if (!fits) throw new Unavailable('Too many counters are streamed by this instance, or for this key.');
      if (this.streams.size === 1) this.begin();
      await this.readings.readFor(stream);
      return stream;
    } catch (error) {
      this.release(stream);
      throw error;
    }
  }

  /** Lets an admitted stream begin at the next tick. Its head was written already. */
  join(stream: EventStream, response: ServerResponse): void {
    // Between its admission and now the instance may have begun to shut down.
    if (this.closed) {
      response.end();
      return;
    }
    stream.attach(response);
    if (stream.subscription.events) this.news.add(stream);
    this.arrivals.add(stream);
    this.schedule();
  }

  /** Forgets a stream whose client is gone. */
  release(stream: EventStream): void {
    if (!this.streams.delete(stream)) return;
    this.shares.remove(stream.holder);
    this.watchers.remove(stream);
    this.news.remove(stream);
    this.arrivals.delete(stream);
    if (this.streams.size === 0) this.rest();
  }

  /** Before the HTTP server drains: otherwise it would wait for streams that never end by themselves. */
  beforeApplicationShutdown(): void {
    this.closed = true;
    this.tick();
    const bye = this.eventOf('bye', '{"reason":"shutdown"}');
    for (const stream of [...this.streams]) {
      stream.end(bye);
      this.release(stream);
    }
    this.rest();
  }

  private begin(): void {
    this.changes.listen({ changed: (changes) => this.learn(changes), turned: () => this.resync.wake() });
    this.resync.start();
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  private rest(): void {
    this.changes.stopListening();
    this.resync.stop();
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    if (this.ticking !== null) clearTimeout(this.ticking);
    this.heartbeat = null;
    this.ticking = null;
    this.mustReadAnew = false;
    this.counters.clear();
  }

  /** Another database: nothing that is known is to be relied on. */
  private forget(): void {
    this.readings.turn();
    this.counters.clear();
    if (this.streams.size === 0) return;
    this.mustReadAnew = true;
    for (const stream of this.streams) stream.beginAnew();
    this.resync.wake();
  }

  private learn(changes: readonly Change[]): void {
    let news = false;
    for (const change of changes) {
      const interest = this.watchers.interestIn(change.name);
      if (interest !== null && this.counters.learn(change, interest)) news = true;
    }
    if (news) this.schedule();
  }

  private schedule(): void {
    if (this.ticking !== null || this.streams.size === 0) return;
    this.ticking = setTimeout(() => this.tick(), Math.max(0, this.tickedAtMs + TICK_MS - performance.now()));
  }

  private tick(): void {
    if (this.ticking !== null) clearTimeout(this.ticking);
    this.ticking = null;
    this.tickedAtMs = performance.now();
    const touched = new Set<EventStream>();
    for (const { name, json } of this.counters.takeUntold()) {
      const text = this.eventOf('change', json);
      for (const stream of this.watchers.of(name)) {
        stream.offer(this.serial, name, text);
        touched.add(stream);
      }
    }
    for (const stream of touched) this.flush(stream);
    if (this.mustReadAnew) return;
    for (const stream of [...this.arrivals].slice(0, MAX_BEGINNINGS)) {
      this.arrivals.delete(stream);
      if (!stream.begin((names) => this.firstEvents(names))) this.drop(stream);
    }
    if (this.arrivals.size > 0) this.schedule();
  }

  private firstEvents(names: Iterable<string>): string {
    const present: string[] = [];
    for (const name of names) {
      const known = this.counters.get(name);
      if (known !== undefined && !known.deleted) present.push(known.json);
    }
    return (
      retryText(RETRY_MS + Math.random() * RETRY_JITTER_MS) +
      this.eventOf('snapshot', `[${present.join(',')}]`) +
      this.statusEvent()
    );
  }

  private statusEvent(): string {
    const { postgres, redis, standing } = this.guard.seen();
    return this.eventOf('status', JSON.stringify({ feed: this.resync.feed, postgres, redis, guard: standing }));
  }

  private eventOf(...[event, data]: [EventKind, string]): string {
    this.events += 1;
    this.serial += 1;
    return eventText(event, `${this.life}-${this.serial}`, data);
  }

  private tellFeed(): void {
    if (this.streams.size > 0) this.tellAll(this.statusEvent(), this.streams);
  }

  private tellAll(text: string, streams: ReadonlySet<EventStream>): void {
    for (const stream of [...streams]) {
      stream.say(text);
      this.flush(stream);
    }
  }

  private beat(): void {
    for (const stream of [...this.streams]) {
      stream.beat();
      this.flush(stream);
    }
  }

  private flush(stream: EventStream): void {
    if (!stream.flush()) this.drop(stream);
  }

  private drop(stream: EventStream): void {
    this.dropped += 1;
    stream.drop();
    this.release(stream);
  }

  /** Looks at all names and these prefixes, or reads everything anew where the database is another one. */
  private async look(prefixes: readonly string[]): Promise<void> {
    if (!this.mustReadAnew) await this.readings.look(prefixes);
    // Also where it became another one meanwhile.
    while (this.mustReadAnew) {
      if (!(await this.readings.readAnew())) continue;
      this.mustReadAnew = false;
      for (const stream of this.streams) if (stream.hasBegun) this.arrivals.add(stream);
      this.schedule();
    }
  }
}
