import type { Counter, Evercount } from './evercount.js';
import { watch, type Change } from './watch.js';

/** A counter on a page, and how sure it is. */
export interface Live {
  /** Null where there is none, undefined until it is known. */
  readonly counter: Counter | null | undefined;
  readonly feed: 'connecting' | 'live' | 'polled' | 'stalled' | 'lost';
  /** Why the service does not tell; nothing is asked again until another counter is shown. */
  readonly error: unknown;
}

const UNKNOWN: Live = { counter: undefined, feed: 'connecting', error: null };

/** Components come in one by one; a stream for each of them would be begun for nothing. */
const GATHER_MS = 20;

/** The counters that are shown now, over one stream. */
export class LiveCounters {
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly states = new Map<string, Live>();
  private running: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: Evercount) {}

  /** The same object until something changes. */
  get(name: string): Live {
    return this.states.get(name) ?? UNKNOWN;
  }

  /** @returns what ends it */
  subscribe(name: string, listener: () => void): () => void {
    const there = this.listeners.get(name);
    const listeners = there ?? new Set();
    if (there === undefined) {
      this.listeners.set(name, listeners);
      this.restart();
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.listeners.get(name) !== listeners) return;
      this.listeners.delete(name);
      this.states.delete(name);
      this.restart();
    };
  }

  private restart(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.running?.abort();
      this.running = undefined;
      const names = [...this.listeners.keys()];
      if (names.length > 0) void this.run(names, (this.running = new AbortController()).signal);
    }, GATHER_MS);
  }

  private async run(names: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      for await (const change of watch(this.client, { names, signal })) {
        if (signal.aborted) return;
        this.take(names, change);
      }
    } catch (error) {
      if (!signal.aborted) for (const name of names) this.show(name, { feed: 'lost', error });
    }
  }

  private take(names: readonly string[], change: Change): void {
    switch (change.kind) {
      case 'snapshot': {
        const counters = new Map(change.counters.map((counter) => [counter.name, counter]));
        for (const name of names) this.show(name, { counter: counters.get(name) ?? null, error: null });
        return;
      }
      case 'change':
        this.show(change.counter.name, { counter: change.counter });
        return;
      case 'deleted':
        this.show(change.name, { counter: null });
        return;
      case 'status':
        for (const name of names) this.show(name, { feed: change.feed });
    }
  }

  private show(name: string, news: Partial<Live>): void {
    const listeners = this.listeners.get(name);
    // It may have left the page while the stream with it was still open.
    if (listeners === undefined) return;
    this.states.set(name, { ...this.get(name), ...news });
    for (const listener of listeners) listener();
  }
}
