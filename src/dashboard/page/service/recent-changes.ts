import { api, ApiError } from './api.js';
import type { HistoryPoint } from './shapes.js';

/** As many as one call takes; as long as an address may be, which may have some 8,000 characters. */
const MOST_NAMES = 20;
const MOST_CHARACTERS = 6_000;

/** What one counter gained in the last 24 hours, hour by hour, and today, as the service last told it. */
export interface RecentChanges {
  /** Oldest first; the last is the hour that is running. */
  readonly hours: readonly HistoryPoint[];
  readonly today: HistoryPoint;
}

/** A change that came live counts for the hour that is running; what was told may be some seconds behind. */
export function perHour({ hours }: RecentChanges, value: number): readonly number[] {
  const deltas = hours.map(({ delta }) => delta);
  const last = hours.at(-1);
  return last === undefined ? deltas : [...deltas.slice(0, -1), last.delta + value - last.value];
}

/** @param value as it is now */
export const sinceMidnight = ({ today }: RecentChanges, value: number): number => today.delta + value - today.value;

type Use = (changes: RecentChanges | null) => void;

/** Asks for changes of many counters at once, in the order they were asked for, and one call after the other. */
export class RecentChangesLoader {
  private readonly waiting = new Map<string, Use>();
  private running = false;
  private closed = false;

  /** Calls back with null where there is nothing to tell. */
  load(name: string, use: Use): void {
    this.waiting.set(name, use);
    // Those that come into sight together go together.
    queueMicrotask(() => void this.work());
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
  }

  private async work(): Promise<void> {
    if (this.running) return;
    this.running = true;
    for (let next = this.next(); next.size > 0; next = this.next()) {
      const found = await ask([...next.keys()]);
      if (this.closed) return;
      for (const [name, use] of next) use(found.get(name) ?? null);
    }
    this.running = false;
  }

  private next(): Map<string, Use> {
    const taken = new Map<string, Use>();
    let room = MOST_CHARACTERS;
    for (const [name, use] of this.waiting) {
      room -= encodeURIComponent(name).length + '&name='.length;
      if (taken.size === MOST_NAMES || (room < 0 && taken.size > 0)) break;
      taken.set(name, use);
      this.waiting.delete(name);
    }
    return taken;
  }
}

async function ask(names: readonly string[]): Promise<Map<string, RecentChanges>> {
  const found = new Map<string, RecentChanges>();
  try {
    const [hours, days] = await Promise.all([
      api.histories(names, { over: '24h' }),
      api.histories(names, { over: 'today', interval: 'day' }),
    ]);
    for (const name of names) {
      const points = hours.data[name] ?? [];
      const today = days.data[name]?.at(-1);
      if (points.length > 0 && today !== undefined) found.set(name, { hours: points, today });
    }
  } catch (error) {
    // What is shown stays; it is asked for again in a minute.
    if (!(error instanceof ApiError)) throw error;
  }
  return found;
}
