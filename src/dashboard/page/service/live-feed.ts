import { signal } from '@preact/signals';
import { createParser } from 'eventsource-parser';
import { api, ApiError, noteStatus } from './api.js';
import { BASE } from './base.js';
import { may, sessionAsked } from './session.js';
import type { Counter, Deleted, News, Seen } from './shapes.js';

/** How changes reach the page: by a stream, by asking again and again, not at the moment, or not with this key. */
export type Link = 'connecting' | 'live' | 'polled' | 'lost' | 'refused';

/** Which counters: these names, or all that begin with a prefix. With neither, what happens to the service alone. */
export interface Target {
  readonly names: readonly string[];
  readonly prefix: string | null;
}

export interface Watcher {
  /**
   * What follows is a snapshot that takes the place of all that is shown, lower versions too: changes were missed, or a
   * failover of the database took some back.
   */
  anew(): void;
  snapshot(counters: readonly Counter[]): void;
  change(counter: Counter | Deleted): void;
}

/** A stream that says nothing for so long, not even its heartbeat, is dead. */
const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** Where there is no stream. */
const POLL_MS = 1_500;
/** Told once, and not asked again: neither a key nor a question gets better by repeating it. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 414]);
/** What happened longer ago stands in the log of events. */
const MOST_NEWS = 50;
/** As many as one call of /v1/reads takes. */
const POLLED_NAMES = 1_000;

/** One stream at a time: each view names the counters it shows. Connects again by itself, for ever. */
class LiveFeed {
  readonly link = signal<Link>('connecting');
  /** What the instance at the other end sees of its servers, to the moment; null while no stream tells. */
  readonly seen = signal<Seen | null>(null);
  /** What happened while we looked, latest first; only those who run the service are told. */
  readonly news = signal<readonly News[]>([]);
  private running: AbortController | null = null;

  /** Ends what was watched before. */
  watch(target: Target, watcher: Watcher): void {
    this.stop();
    const running = new AbortController();
    this.running = running;
    void this.run(target, watcher, running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.link.value = 'connecting';
    this.seen.value = null;
  }

  private async run(target: Target, watcher: Watcher, signal: AbortSignal): Promise<void> {
    const ended = () => signal.aborted;
    await sessionAsked;
    const isEmpty = target.prefix === null && target.names.length === 0;
    if (ended() || (isEmpty && !may('admin'))) return;
    let retryMs = FIRST_RETRY_MS;
    let hadSnapshot = false;
    const watching: Watcher = {
      ...watcher,
      snapshot: (counters) => {
        if (hadSnapshot) watcher.anew();
        hadSnapshot = true;
        watcher.snapshot(counters);
      },
    };
    while (!ended()) {
      const startedAtMs = performance.now();
      const status = await this.stream(target, watching, signal).catch(() => 0);
      if (ended()) return;
      this.seen.value = null;
      if (status === 404) return this.poll(target, watcher, signal);
      if (REFUSALS.has(status)) {
        this.link.value = 'refused';
        noteStatus(status);
        return;
      }
      this.link.value = 'lost';
      noteStatus(status);
      if (performance.now() - startedAtMs > LONGEST_RETRY_MS) retryMs = FIRST_RETRY_MS;
      await pause(retryMs * (0.5 + Math.random() / 2), signal);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  /** Answers the status when the stream was refused, and 0 when it ended. */
  private async stream(target: Target, watcher: Watcher, signal: AbortSignal): Promise<number> {
    const silence = new AbortController();
    const query = new URLSearchParams(target.names.map((name) => ['name', name]));
    if (target.prefix !== null) query.set('prefix', target.prefix);
    if (may('admin')) query.set('events', 'true');
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(`${BASE}/v1/stream?${query.toString()}`, {
        headers: { accept: 'text/event-stream' },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.ok || response.body === null) return response.status;
      // EventSource tells no status, and so neither a missing key nor a missing stream from a broken connection.
      const events = createParser({ onEvent: ({ event, data }) => this.take(event, data, watcher) });
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return 0;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        events.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private take(event: string | undefined, data: string, watcher: Watcher): void {
    if (event === 'snapshot') {
      this.link.value = 'live';
      watcher.snapshot(JSON.parse(data) as Counter[]);
    } else if (event === 'change') watcher.change(JSON.parse(data) as Counter | Deleted);
    else if (event === 'happened') {
      this.news.value = [JSON.parse(data) as News, ...this.news.value].slice(0, MOST_NEWS);
    } else if (event === 'status') {
      const status = JSON.parse(data) as Partial<Seen> & { readonly feed?: unknown };
      // Other feeds than live are slower; why, the strip says by itself.
      this.link.value = status.feed === 'live' ? 'live' : 'polled';
      const { postgres, redis, guard } = status;
      if (postgres !== undefined && redis !== undefined && guard !== undefined) {
        this.seen.value = { postgres, redis, guard };
      }
    }
  }

  private async poll(target: Target, watcher: Watcher, signal: AbortSignal): Promise<void> {
    const ended = () => signal.aborted;
    while (!ended()) {
      try {
        const counters = await ask(target);
        if (ended()) return;
        this.link.value = 'polled';
        watcher.snapshot(counters);
      } catch (error) {
        if (ended()) return;
        if (error instanceof ApiError && error.isAway) this.link.value = 'lost';
      }
      await pause(POLL_MS, signal);
    }
  }
}

/** The one of the page. */
export const feed = new LiveFeed();

/** What it tells beside the counters. */
export const toldBy = ({ link, seen, news }: LiveFeed) => ({
  link: link.value,
  seen: seen.value,
  news: news.value,
});

async function ask({ names, prefix }: Target): Promise<readonly Counter[]> {
  if (prefix !== null) return (await api.counters({ prefix, limit: POLLED_NAMES, cursor: null })).data;
  return (await api.reads(names.slice(0, POLLED_NAMES))).data.filter((counter) => counter !== null);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
