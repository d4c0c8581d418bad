import type { Buckets, Exemplar } from './buckets.js';

/** What sets a reading apart from the others of its meter; never by what grows with the number of counters. */
export type Labels = Readonly<Record<string, string>>;

/** One number, or the buckets of a histogram. */
export interface Reading<T = number> {
  readonly labels: Labels;
  readonly value: T;
}

interface Described {
  /** By the conventions of Prometheus: with its unit last, and `_total` after that where it only rises. */
  readonly name: string;
  /** A sentence without a full stop. */
  readonly help: string;
}

/** Numbers, read when somebody asks. A reading that throws, or finds nothing, is left out. */
export interface NumberMeter extends Described {
  readonly kind: 'counter' | 'gauge';
  /**
   * What is said of all processes of a service together: what the least or the most of them says, or what is said by the
   * one that commits, since it alone knows, or all would say the same. Left out: the sum.
   */
  readonly together?: 'least' | 'most' | 'committer';
  readonly read: () => number | readonly Reading[] | Promise<readonly Reading[]>;
}

/** What is told of buckets. */
export type Filled = Pick<Buckets, 'bounds' | 'counts' | 'sum'> & { readonly exemplars: ReadonlyMap<number, Exemplar> };

/** Buckets, read when somebody asks. */
export interface HistogramMeter extends Described {
  readonly kind: 'histogram';
  readonly read: () => readonly Reading<Filled>[];
}

export type Meter = NumberMeter | HistogramMeter;

/**
 * Where whoever counts says what, for whoever asks. What counts keeps plain numbers, so that counting costs next to
 * nothing; nothing is gathered before somebody asks.
 */
export class Meters {
  private readonly meters: Meter[] = [];

  add(...meters: readonly Meter[]): void {
    this.meters.push(...meters);
  }

  get all(): readonly Meter[] {
    return this.meters;
  }
}

/** One reading for each member of a record of numbers: its key becomes the label. */
export function readingsOf(label: string, numbers: Readonly<Record<string, number>>): Reading[] {
  return Object.entries(numbers).map(([key, value]) => ({ labels: { [label]: key }, value }));
}
