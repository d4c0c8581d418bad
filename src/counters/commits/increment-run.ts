import type { Answer, Counted, Creator, Increment, Write } from '../../domain/operation.js';
import type { Span } from '@opentelemetry/api';
import type { Queued } from './lane.js';
import type { PendingWrite } from './pending-write.js';

/** Increments without keys that came together from one caller, in their order. */
export interface Increments {
  readonly operations: readonly Increment[];
  readonly creator: Creator | null;
  readonly requestId: string;
}

/**
 * Increments that are committed and answered together. A pipeline of a thousand is one of these, since a thousand writes
 * with a promise each would cost more than they do: of most of them nothing is kept but what they add, and the value after.
 */
export class IncrementRun implements Queued {
  readonly size: number;
  readonly results: Counted[];
  private left: number;

  /** @param settled called when each of them has come to something */
  constructor(
    readonly increments: Increments,
    readonly acceptedAtMs: number,
    readonly span: Span | null,
    private readonly settled: (results: readonly Counted[]) => void,
  ) {
    this.size = increments.operations.length;
    this.left = this.size;
    this.results = new Array<Counted>(this.size);
  }

  /** One of them came to this. */
  settle(place: number, result: Counted): void {
    this.results[place] = result;
    this.left -= 1;
    if (this.left === 0) this.settled(this.results);
  }

  /** None of them came to anything else. */
  readonly reject = (error: Error): void => {
    for (let place = 0; place < this.size; place += 1) this.settle(place, error);
  };

  /** Those of each lane, by lane, in their order. */
  partsBy(laneOf: (name: string) => number): Map<number, IncrementRun> {
    return this.partsWhere(({ name }) => laneOf(name));
  }

  /** As many as may be committed together at a time, in their order. */
  partsOf(maxSize: number): Iterable<IncrementRun> {
    return this.partsWhere((_, place) => Math.floor(place / maxSize)).values();
  }

  private partsWhere(partOf: (operation: Increment, place: number) => number): Map<number, IncrementRun> {
    const placesIn = new Map<number, number[]>();
    this.increments.operations.forEach((operation, place) => {
      const part = partOf(operation, place);
      const places = placesIn.get(part);
      if (places === undefined) placesIn.set(part, [place]);
      else places.push(place);
    });
    if (placesIn.size === 1) for (const part of placesIn.keys()) return new Map([[part, this]]);
    return new Map(Array.from(placesIn, ([part, places]) => [part, this.partAt(places)]));
  }

  private partAt(places: readonly number[]): IncrementRun {
    const all = this.increments.operations;
    const operations = places.flatMap((place) => all[place] ?? []);
    return new IncrementRun({ ...this.increments, operations }, this.acceptedAtMs, this.span, (results) =>
      results.forEach((result, index) => this.settle(places[index] ?? -1, result)),
    );
  }

  /** Each by itself, to be decided apart from the others. */
  members(): RunMember[] {
    return this.increments.operations.map((operation, place) => new RunMember(this, place, operation));
  }
}

/** One increment of a run that goes its own way. */
class RunMember implements PendingWrite {
  readonly fingerprint = null;
  readonly size = 1;
  readonly acceptedAtMs: number;
  readonly span: Span | null;
  readonly write: Write & { readonly operation: Increment };

  constructor(
    private readonly run: IncrementRun,
    private readonly place: number,
    operation: Increment,
  ) {
    const { creator, requestId } = run.increments;
    this.acceptedAtMs = run.acceptedAtMs;
    this.span = run.span;
    this.write = { operation, key: null, creator, requestId };
  }

  readonly resolve = ({ outcome }: Answer): void => {
    this.run.settle(this.place, outcome.kind === 'refused' ? outcome : (outcome.truth.value ?? 0));
  };

  readonly reject = (error: Error): void => this.run.settle(this.place, error);
}
