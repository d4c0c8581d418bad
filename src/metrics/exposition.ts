import { Counter, Gauge, type Registry } from 'prom-client';
import type { Exemplar } from '../meters/buckets.js';
import type { HistogramMeter, Labels, NumberMeter, Reading } from '../meters/meters.js';

/** Shows a meter in a registry, which reads it at each scrape. */
export function expose(meter: NumberMeter, registry: Registry): void {
  if (meter.kind === 'counter') exposeCounter(meter, registry);
  else exposeGauge(meter, registry);
}

function exposeCounter(meter: NumberMeter, registry: Registry): void {
  const { name, help, labels = [] } = meter;
  const counter: Counter = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: async () => {
      counter.reset();
      for (const { labels: own, value } of await readingsOf(meter)) counter.inc(own, value);
    },
  });
}

function exposeGauge(meter: NumberMeter, registry: Registry): void {
  const { name, help, labels = [] } = meter;
  const gauge: Gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: async () => {
      gauge.reset();
      // What cannot be learned now is no 0.
      if (labels.length === 0) gauge.remove();
      for (const { labels: own, value } of await readingsOf(meter)) gauge.set(own, value);
    },
  });
}

async function readingsOf(meter: NumberMeter): Promise<readonly Reading[]> {
  try {
    const read = await meter.read();
    const readings = typeof read === 'number' ? [{ labels: {}, value: read }] : read;
    return readings.filter(({ value }) => !Number.isNaN(value));
  } catch {
    // A scrape never fails because something else is away.
    return [];
  }
}

/**
 * The text of a histogram that is kept elsewhere: the library's own would have to be told of each value.
 *
 * @param hasExemplars which only OpenMetrics can hold
 */
export function histogramText({ name, help, read }: HistogramMeter, hasExemplars: boolean): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, value } of read()) {
    let count = 0;
    value.counts.forEach((own, index) => {
      count += own;
      const exemplar = hasExemplars ? exemplarText(value.exemplars.get(index)) : '';
      const le = String(value.bounds[index] ?? '+Inf');
      lines.push(`${name}_bucket${labelsText({ ...labels, le })} ${count}${exemplar}`);
    });
    lines.push(`${name}_sum${labelsText(labels)} ${value.sum}`, `${name}_count${labelsText(labels)} ${count}`);
  }
  return `${lines.join('\n')}\n`;
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function exemplarText(exemplar: Exemplar | undefined): string {
  return exemplar === undefined ? '' : ` # {trace_id="${exemplar.traceId}"} ${exemplar.value} ${exemplar.at}`;
}

/**
 * The same in the format of OpenMetrics, in which a counter's family goes without `_total`, and nothing is blank.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function openMetricsOf(text: string): string {
  const counters = [...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, family = '']) => family);
  const families = new Set(counters);
  const lines = text.split('\n').filter((line) => line !== '');
  const named = lines.map((line) =>
    line.replace(/^(# (?:HELP|TYPE) )(\S+)_total /, (whole, start: string, family: string) =>
      families.has(family) ? `${start}${family} ` : whole,
    ),
  );
  return `${named.join('\n')}\n# EOF\n`;
}
