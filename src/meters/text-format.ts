/**
 * The text format of Prometheus.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Exemplar } from './buckets.js';
import type { HistogramMeter, Labels, NumberMeter, Reading } from './meters.js';

/** The type of what is written here. */
export const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** What a meter says now, without the end of the last line. Never fails: see `NumberMeter`. */
export async function numberText(meter: NumberMeter): Promise<string> {
  const { name, help, kind } = meter;
  const lines = headOf(name, help, kind);
  for (const { labels, value } of await readingsOf(meter)) {
    lines.push(`${name}${labelsText(labels)} ${valueText(value)}`);
  }
  return lines.join('\n');
}

/** What a meter says now; nothing where that cannot be learned. */
export async function readingsOf(meter: NumberMeter): Promise<readonly Reading[]> {
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
 * What the buckets of a meter say now, with the end of the last line.
 *
 * @param hasExemplars which only OpenMetrics can hold
 */
export function histogramText({ name, help, read }: HistogramMeter, hasExemplars: boolean): string {
  const lines = headOf(name, help, 'histogram');
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

function headOf(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function valueText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
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
