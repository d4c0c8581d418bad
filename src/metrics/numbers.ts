import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Exemplar } from '../meters/buckets.js';
import type { HistogramMeter, Meter, NumberMeter, Reading } from '../meters/meters.js';
import { readingsOf } from '../meters/text-format.js';

/** What one process says, or several together, as plain data: there is nothing in it that JSON has no word for. */
export interface Numbers {
  readonly meters: readonly PlainMeter[];
  readonly histograms: readonly PlainHistogram[];
  /** Of the process itself, as the library writes it down. */
  readonly process: readonly Metric[];
}

/** What a meter said. */
type PlainMeter = Omit<NumberMeter, 'read'> & { readonly readings: readonly Reading[] };

type PlainHistogram = Omit<HistogramMeter, 'read'> & { readonly readings: readonly Reading<PlainBuckets>[] };

interface PlainBuckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly exemplars: readonly (readonly [bucket: number, Exemplar])[];
}

/** What is known here of a metric as the library writes it down. */
interface Metric {
  readonly name: string;
  readonly type: string | number;
}

/** What meters and the process say now. */
export async function numbersOf(meters: readonly Meter[], process: Registry): Promise<Numbers> {
  const numbers = meters.filter((meter) => meter.kind !== 'histogram');
  const [plain, metrics] = await Promise.all([Promise.all(numbers.map(plainMeter)), process.getMetricsAsJSON()]);
  return {
    meters: plain,
    histograms: meters.flatMap((meter) => (meter.kind === 'histogram' ? [plainHistogram(meter)] : [])),
    // When it was started is said by the first of several as well.
    process: metrics.map((metric) => (metric.aggregator === 'omit' ? { ...metric, aggregator: 'first' } : metric)),
  };
}

/**
 * The numbers of several processes as those of one.
 *
 * @param all that of the process that commits first: what one says for all is said by it
 */
export async function togetherOf(all: readonly Numbers[]): Promise<Numbers> {
  return {
    meters: joined<number, PlainMeter>(
      all.flatMap(({ meters }) => meters),
      ({ together }, one, other) => COMBINED[together ?? 'sum'](one, other),
    ),
    histograms: joined<PlainBuckets, PlainHistogram>(
      all.flatMap(({ histograms }) => histograms),
      (_, one, other) => bucketsTogether(one, other),
    ),
    process: await libraryOf(all).getMetricsAsJSON(),
  };
}

/** What only rises: of a process that has ended this still counts, or the whole would fall. */
export function risingOf({ meters, histograms, process }: Numbers): Numbers {
  return {
    meters: meters.filter(({ kind }) => kind === 'counter'),
    histograms,
    process: process.filter(({ type }) => type === 'counter' || type === 'histogram'),
  };
}

/** Meters that say what was said. */
export function metersOf({ meters, histograms }: Numbers): Meter[] {
  return [
    ...meters.map(({ readings, ...meter }): Meter => ({ ...meter, read: () => readings })),
    ...histograms.map(({ readings, ...histogram }): Meter => {
      const filled = readings.map(({ labels, value }) => {
        return { labels, value: { ...value, counts: [...value.counts], exemplars: new Map(value.exemplars) } };
      });
      return { ...histogram, read: () => filled };
    }),
  ];
}

/** What the library says of the processes. */
export function libraryOf(all: readonly Pick<Numbers, 'process'>[]): Registry {
  return AggregatorRegistry.aggregate(all.map(({ process }) => [...process]));
}

const COMBINED = {
  sum: (one: number, other: number) => one + other,
  least: Math.min,
  most: Math.max,
  committer: (one: number) => one,
} as const;

async function plainMeter({ read, ...meter }: NumberMeter): Promise<PlainMeter> {
  const readings = await readingsOf({ ...meter, read });
  return { ...meter, readings: readings.filter(({ value }) => Number.isFinite(value)) };
}

function plainHistogram({ read, ...meter }: HistogramMeter): PlainHistogram {
  const readings = read().map(({ labels, value: { bounds, counts, sum, exemplars } }) => {
    return { labels, value: { bounds, counts, sum, exemplars: [...exemplars] } };
  });
  return { ...meter, readings };
}

/** Those of one name as one, and its readings of the same labels, too. */
function joined<Value, One extends { readonly name: string; readonly readings: readonly Reading<Value>[] }>(
  all: readonly One[],
  combine: (meter: One, one: Value, other: Value) => Value,
): One[] {
  const byName = new Map<string, { readonly meter: One; readonly readings: Map<string, Reading<Value>> }>();
  for (const meter of all) {
    const { readings } = byName.get(meter.name) ?? { readings: new Map<string, Reading<Value>>() };
    for (const { labels, value } of meter.readings) {
      const key = JSON.stringify(labels);
      const known = readings.get(key);
      readings.set(key, { labels, value: known === undefined ? value : combine(meter, known.value, value) });
    }
    byName.set(meter.name, { meter, readings });
  }
  return [...byName.values()].map(({ meter, readings }) => ({ ...meter, readings: [...readings.values()] }));
}

/** Of the exemplars the latest. */
function bucketsTogether(one: PlainBuckets, other: PlainBuckets): PlainBuckets {
  const exemplars = new Map(one.exemplars);
  for (const [bucket, exemplar] of other.exemplars) {
    if (exemplar.at > (exemplars.get(bucket)?.at ?? -Infinity)) exemplars.set(bucket, exemplar);
  }
  return {
    bounds: one.bounds,
    counts: one.counts.map((count, at) => count + (other.counts[at] ?? 0)),
    sum: one.sum + other.sum,
    exemplars: [...exemplars],
  };
}
