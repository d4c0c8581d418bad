import type { EventStream } from './event-stream.js';

/** Which streams watch which counters. */
export class Watchers {
  private readonly byName = new Map<string, Set<EventStream>>();
  private readonly byPrefix = new Map<string, Set<EventStream>>();
  /** How many of the prefixes have a length: a name is cut to each length, instead of tried with each prefix. */
  private readonly lengths = new Map<number, number>();

  get names(): ReadonlyMap<string, unknown> {
    return this.byName;
  }

  get prefixes(): ReadonlyMap<string, unknown> {
    return this.byPrefix;
  }

  add(stream: EventStream): void {
    for (const name of stream.wanted.names) addTo(this.byName, name, stream);
    for (const prefix of stream.wanted.prefixes) {
      if (addTo(this.byPrefix, prefix, stream)) {
        this.lengths.set(prefix.length, (this.lengths.get(prefix.length) ?? 0) + 1);
      }
    }
  }

  remove(stream: EventStream): void {
    for (const name of stream.wanted.names) removeFrom(this.byName, name, stream);
    for (const prefix of stream.wanted.prefixes) {
      if (!removeFrom(this.byPrefix, prefix, stream)) continue;
      const left = (this.lengths.get(prefix.length) ?? 1) - 1;
      if (left === 0) this.lengths.delete(prefix.length);
      else this.lengths.set(prefix.length, left);
    }
  }

  /** Whether a counter is watched by its own name, by a prefix, or by nobody. */
  interestIn(name: string): 'name' | 'prefix' | null {
    if (this.byName.has(name)) return 'name';
    for (const length of this.lengths.keys()) if (this.byPrefix.has(name.slice(0, length))) return 'prefix';
    return null;
  }

  /** Every stream that watches a counter; one may come more than once. */
  *of(name: string): Generator<EventStream> {
    yield* this.byName.get(name) ?? [];
    for (const length of this.lengths.keys()) {
      if (length <= name.length) yield* this.byPrefix.get(name.slice(0, length)) ?? [];
    }
  }
}

/** @returns whether it is the first one there */
function addTo(sets: Map<string, Set<EventStream>>, key: string, stream: EventStream): boolean {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([stream]));
  else set.add(stream);
  return set === undefined;
}

/** @returns whether it was the last one there */
function removeFrom(sets: Map<string, Set<EventStream>>, key: string, stream: EventStream): boolean {
  const set = sets.get(key);
  if (set?.delete(stream) !== true || set.size > 0) return false;
  sets.delete(key);
  return true;
}
