/** Reads `/metrics` as Prometheus would, and more strictly. */
import { send } from './http.js';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** The type of each metric. */
  readonly types: ReadonlyMap<string, string>;
  /** The one sample with this name and at least these labels; undefined where there is none. */
  get(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|\+Inf|NaN|Nan)$/i;
const LABEL = /^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/i;

/** @param key where keys are required */
export async function scrape(url: string, key?: string): Promise<Scrape> {
  const options = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  const { status, headers, body } = await send(url, 'GET', '/metrics', options);
  if (status !== 200) throw new Error(`/metrics answered ${status}: ${body}`);
  if (headers['content-type'] !== 'text/plain; version=0.0.4; charset=utf-8') {
    throw new Error(`/metrics is ${headers['content-type'] ?? 'nothing'}`);
  }
  return parse(body);
}

/** @throws for a line that is none, a metric described twice or not at all, a sample given twice, a broken histogram */
export function parse(text: string): Scrape {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, what, about = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (what === 'HELP') addOnce(helps, about, line);
    else if (what === 'TYPE') {
      if (types.has(about)) throw new Error(`twice: ${line}`);
      types.set(about, rest);
    } else {
      const sample = sampleOf(line);
      addOnce(seen, line.slice(0, line.lastIndexOf(' ')), line);
      samples.push(sample);
    }
  }
  for (const { name } of samples) {
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(family) || !helps.has(family)) throw new Error(`not described: ${name}`);
    if (types.get(family) === 'counter' && family.startsWith('evercount_') && !family.endsWith('_total')) {
      throw new Error(`a counter without _total: ${name}`);
    }
  }
  return {
    text,
    samples,
    types,
    get: (name, labels = {}) =>
      samples.find(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )?.value,
  };
}

function sampleOf(line: string): Sample {
  const [matched, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (matched === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = labelText; rest !== '';) {
    const [whole, label = '', text = ''] = LABEL.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`no label: ${line}`);
    labels[label] = text;
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity').replace(/^nan$/i, 'NaN')) };
}

function addOnce(set: Set<string>, key: string, line: string): void {
  if (set.has(key)) throw new Error(`twice: ${line}`);
  set.add(key);
}
