import { Shares } from '../counters/shares.js';
import type { EventStream } from './event-stream.js';
import { MAX_WATCHED_NAMES, MAX_WATCHED_PREFIXES } from './limits.js';

/** Who watches one name or prefix; the first one's key holds it. */
type Watching = Map<string, Set<EventStream>>;

/** Which streams watch which counters. */
export class Watchers {
  private readonly byName: Watching = new Map();
  private readonly byPrefix: Watching = new Map();
  private readonly nameShares = new Shares(MAX_WATCHED_NAMES);
  private readonly prefixShares = new Shares(MAX_WATCHED_PREFIXES);
  /** How many of the prefixes have a length: a name is cut to each length, instead of tried with each prefix. */
  private readonly lengths = new Map<number, number>();

  get names(): ReadonlyMap<string, unknown> {
    return this.byName;
  }

  get prefixes(): ReadonlyMap<string, unknown> {
    return this.byPrefix;
  }

  /** @returns whether there is room for what nobody watched before; whoever hears no removes the stream again */
  add(stream: EventStream): boolean {
    let [newNames, newPrefixes] = [false, false];
    for (const name of stream.subscription.names) {
      if (addTo(this.byName, name, stream, this.nameShares)) newNames = true;
    }
    for (const prefix of stream.subscription.prefixes) {
      if (!addTo(this.byPrefix, prefix, stream, this.prefixShares)) continue;
      newPrefixes = true;
      this.lengths.set(prefix.length, (this.lengths.get(prefix.length) ?? 0) + 1);
    }
    return (
      (!newNames || this.nameShares.allow(stream.holder)) && (!newPrefixes || this.prefixShares.allow(stream.holder))
    );
  }

  remove(stream: EventStream): void {
    for (const name of stream.subscription.names) removeFrom(this.byName, name, stream, this.nameShares);
    for (const prefix of stream.subscription.prefixes) {
      if (!removeFrom(this.byPrefix, prefix, stream, this.prefixShares)) continue;
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

  ofPrefix(prefix: string): Iterable<EventStream> {
    return this.byPrefix.get(prefix) ?? [];
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
function addTo(watching: Watching, key: string, stream: EventStream, shares: Shares): boolean {
  const streams = watching.get(key);
  if (streams !== undefined) {
    streams.add(stream);
    return false;
  }
  watching.set(key, new Set([stream]));
  shares.add(stream.holder);
  return true;
}

/** @returns whether it was the last one there */
function removeFrom(watching: Watching, key: string, stream: EventStream, shares: Shares): boolean {
  const streams = watching.get(key);
  const [first] = streams ?? [];
  if (streams?.delete(stream) !== true) return false;
  // A Set keeps the order of insertion: the next one holds it from now on.
  const [next] = streams;
  if (first === stream) shares.remove(stream.holder);
  if (first === stream && next !== undefined) shares.add(next.holder);
  if (next === undefined) watching.delete(key);
  return next === undefined;
}
