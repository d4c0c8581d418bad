/** The run as a picture: what was answered and how fast, over what was broken meanwhile. Plain SVG, nothing to load. */
import type { Struck } from './nemesis.js';
import { type Bucket, BUCKET_MS } from './recorder.js';

const WIDTH = 1180;
const LEFT = 92;
const RIGHT = 16;
const PLOT = WIDTH - LEFT - RIGHT;

/** More columns than this could not be told apart. */
const MAX_COLUMNS = 560;

const TITLE_HEIGHT = 26;
const GAP = 18;
const HEIGHTS = { throughput: 170, latency: 150, failures: 70 };
const LANE_HEIGHT = 22;
const AXIS_HEIGHT = 30;

/** Latencies are drawn from 0.5 ms to 5 s, each decade as high as the other. */
const FASTEST_MS = 0.5;
const SLOWEST_MS = 5_000;

interface Column extends Bucket {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Frame {
  readonly endMs: number;
  readonly columns: readonly Column[];
  readonly struck: readonly Struck[];
}

export function timelineSvg(timeline: readonly Bucket[], struck: readonly Struck[]): string {
  const endMs = Math.max(timeline.length * BUCKET_MS, ...struck.map(({ recoveredMs }) => recoveredMs), 1);
  const frame: Frame = { endMs, columns: columnsOf(timeline), struck };
  const parts: string[] = [];
  let top = 0;
  const panel = (title: string, height: number, draw: (top: number, height: number) => string): void => {
    parts.push(text(LEFT, top + 17, 'title', title));
    parts.push(episodes(frame, top + TITLE_HEIGHT, height), draw(top + TITLE_HEIGHT, height));
    top += TITLE_HEIGHT + height + GAP;
  };
  panel('Answers in a second', HEIGHTS.throughput, (y, height) => throughput(frame, y, height));
  panel('Latency', HEIGHTS.latency, (y, height) => latency(frame, y, height));
  panel('Not answered, in a second', HEIGHTS.failures, (y, height) => failures(frame, y, height));
  const lanes = lanesOf(struck);
  panel('Faults, and after each the time to recover', lanes.length * LANE_HEIGHT, (y) => faults(frame, lanes, y));
  parts.push(axis(endMs, top - GAP));
  const height = top - GAP + AXIS_HEIGHT;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" role="img" aria-label="What was answered, and what was broken, over time">` +
    `<style>${STYLE}</style><rect class="paper" width="${WIDTH}" height="${height}"/>${parts.join('\n')}</svg>`
  );
}

function columnsOf(timeline: readonly Bucket[]): Column[] {
  const perColumn = Math.max(1, Math.ceil(timeline.length / MAX_COLUMNS));
  const columns: Column[] = [];
  for (let start = 0; start < timeline.length; start += perColumn) {
    const buckets = timeline.slice(start, start + perColumn);
    const sum = (pick: (bucket: Bucket) => number): number => buckets.reduce((all, one) => all + pick(one), 0);
    const worst = (pick: (bucket: Bucket) => number | null): number | null => {
      const known = buckets.flatMap((one) => pick(one) ?? []);
      return known.length === 0 ? null : Math.max(...known);
    };
    columns.push({
      fromMs: start * BUCKET_MS,
      toMs: (start + buckets.length) * BUCKET_MS,
      reads: sum(({ reads }) => reads),
      hits: sum(({ hits }) => hits),
      unverified: sum(({ unverified }) => unverified),
      writes: sum(({ writes }) => writes),
      failedReads: sum(({ failedReads }) => failedReads),
      failedWrites: sum(({ failedWrites }) => failedWrites),
      readP50Ms: worst(({ readP50Ms }) => readP50Ms),
      readP99Ms: worst(({ readP99Ms }) => readP99Ms),
      writeP50Ms: worst(({ writeP50Ms }) => writeP50Ms),
      writeP99Ms: worst(({ writeP99Ms }) => writeP99Ms),
    });
  }
  return columns;
}

const xOf = ({ endMs }: Pick<Frame, 'endMs'>, ms: number): number => LEFT + (PLOT * ms) / endMs;
const perSecond = (count: number, { fromMs, toMs }: Column): number => (count * 1000) / (toMs - fromMs);
const n = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

function text(x: number, y: number, kind: string, words: string): string {
  return `<text x="${n(x)}" y="${n(y)}" class="${kind}">${escaped(words)}</text>`;
}

export function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A faint band behind everything while a fault was at work. */
function episodes(frame: Frame, y: number, height: number): string {
  return frame.struck
    .map(({ fromMs, healedMs }) => {
      const x = xOf(frame, fromMs);
      return `<rect class="band" x="${n(x)}" y="${n(y)}" width="${n(xOf(frame, healedMs) - x)}" height="${n(height)}"/>`;
    })
    .join('');
}

interface Layer {
  readonly kind: string;
  readonly label: string;
  readonly of: (column: Column) => number;
}

/** Layers on top of each other, the first one at the bottom. */
function stack(frame: Frame, y: number, height: number, layers: readonly Layer[]): string {
  const rates = frame.columns.map((column) => layers.map(({ of }) => perSecond(of(column), column)));
  const totals = rates.map((row) => row.reduce((sum, rate) => sum + rate, 0));
  const most = niceCeiling(Math.max(1, ...totals));
  const yOf = (rate: number): number => y + height - (height * rate) / most;
  const below = frame.columns.map(() => 0);
  const areas = layers.map(({ kind, label }, layer) => {
    const lower = below.map(yOf);
    rates.forEach((row, index) => (below[index] = (below[index] ?? 0) + (row[layer] ?? 0)));
    const upper = below.map(yOf);
    const points = (line: readonly number[]): string[] =>
      frame.columns.flatMap(({ fromMs, toMs }, index) =>
        [fromMs, toMs].map((ms) => `${n(xOf(frame, Math.min(ms, frame.endMs)))},${n(line[index] ?? y)}`),
      );
    const outline = [...points(upper), ...points(lower).reverse()].join(' ');
    return `<polygon class="${kind}" points="${outline}"><title>${escaped(label)}</title></polygon>`;
  });
  const scale = [0, most / 2, most].map((rate) => rule(yOf(rate), rate.toLocaleString('en-US')));
  return scale.join('') + areas.join('') + legend(y, layers);
}

function throughput(frame: Frame, y: number, height: number): string {
  return stack(frame, y, height, [
    { kind: 'writes', label: 'writes', of: ({ writes }) => writes },
    { kind: 'misses', label: 'reads from Postgres', of: ({ reads, hits }) => reads - hits },
    { kind: 'hits', label: 'reads from the cache', of: ({ hits, unverified }) => hits - unverified },
    { kind: 'unverified', label: 'of them marked unverified', of: ({ unverified }) => unverified },
  ]);
}

function failures(frame: Frame, y: number, height: number): string {
  return stack(frame, y, height, [
    { kind: 'failed-writes', label: 'writes', of: ({ failedWrites }) => failedWrites },
    { kind: 'failed-reads', label: 'reads', of: ({ failedReads }) => failedReads },
  ]);
}

function latency(frame: Frame, y: number, height: number): string {
  const decades = Math.log10(SLOWEST_MS / FASTEST_MS);
  const yOf = (ms: number): number => {
    const shown = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, ms));
    return y + height - (height * Math.log10(shown / FASTEST_MS)) / decades;
  };
  const lines = [
    { kind: 'read-p99', label: 'reads p99', of: (column: Column) => column.readP99Ms },
    { kind: 'write-p99', label: 'writes p99', of: (column: Column) => column.writeP99Ms },
    { kind: 'read-p50', label: 'reads p50', of: (column: Column) => column.readP50Ms },
    { kind: 'write-p50', label: 'writes p50', of: (column: Column) => column.writeP50Ms },
  ];
  const drawn = lines.map(({ kind, label, of }) => {
    let path = '';
    for (const column of frame.columns) {
      const ms = of(column);
      if (ms === null) path += ' ';
      else
        path += `${/(^| )$/.test(path) ? 'M' : 'L'}${n(xOf(frame, (column.fromMs + column.toMs) / 2))},${n(yOf(ms))}`;
    }
    return `<path class="line ${kind}" d="${path.trim()}"><title>${label}</title></path>`;
  });
  const scale = [1, 10, 100, 1_000].map((ms) => rule(yOf(ms), ms === 1_000 ? '1 s' : `${ms} ms`));
  return scale.join('') + drawn.join('') + legend(y, lines);
}

function rule(y: number, label: string): string {
  return (
    `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y)}" y2="${n(y)}"/>` +
    `<text class="scale" x="${LEFT - 8}" y="${n(y + 4)}" text-anchor="end">${label}</text>`
  );
}

/** To the right of the panel's title. */
function legend(y: number, entries: readonly { readonly kind: string; readonly label: string }[]): string {
  let x = LEFT + 300;
  return entries
    .map(({ kind, label }) => {
      const entry = `<rect class="key ${kind}" x="${x}" y="${n(y - 17)}" width="12" height="8" rx="2"/>${text(x + 17, y - 9, 'legend', label)}`;
      x += 34 + label.length * 6.4;
      return entry;
    })
    .join('');
}

const LANES = ['Redis', 'Postgres', 'instance 0', 'instance 1', 'instance 2'] as const;
type Lane = (typeof LANES)[number];

function laneOf(target: string): Lane {
  if (target === 'redis') return 'Redis';
  if (target === 'postgres' || target === 'cluster') return 'Postgres';
  return LANES.find((lane) => target.endsWith(lane.slice(-1)) && lane.startsWith('instance')) ?? 'instance 0';
}

function lanesOf(struck: readonly Struck[]): Lane[] {
  const used = new Set(struck.flatMap(({ faults }) => faults.map(({ target }) => laneOf(target))));
  return LANES.filter((lane) => used.has(lane));
}

function faults(frame: Frame, lanes: readonly Lane[], y: number): string {
  const rows = lanes.map((lane, index) => text(LEFT - 8, y + index * LANE_HEIGHT + 15, 'lane', lane));
  const bars = frame.struck.flatMap((episode) =>
    episode.faults.map((fault) => {
      const top = y + lanes.indexOf(laneOf(fault.target)) * LANE_HEIGHT + 3;
      const [x, healed, recovered] = [fault.fromMs, fault.toMs, episode.recoveredMs].map((ms) => xOf(frame, ms));
      const bar = (kind: string, from = 0, to = 0): string =>
        `<rect class="${kind}" x="${n(from)}" y="${n(top)}" width="${n(Math.max(1.5, to - from))}" height="16" rx="2.5"/>`;
      const seconds = ((fault.toMs - fault.fromMs) / 1000).toFixed(2);
      const after = ((episode.recoveredMs - episode.healedMs) / 1000).toFixed(2);
      const words = `${fault.kind}${fault.detail === '' ? '' : `: ${fault.detail}`}. ${seconds} s, recovered ${after} s after.`;
      return `<g>${bar('recovery', healed, recovered)}${bar('fault', x, healed)}<title>${escaped(words)}</title></g>`;
    }),
  );
  return rows.join('') + bars.join('');
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const MOST_TICKS = 14;

function axis(endMs: number, y: number): string {
  const stepS = STEPS_S.find((step) => endMs / 1000 / step <= MOST_TICKS) ?? 1_200;
  const ticks: string[] = [];
  for (let atS = 0; atS * 1000 <= endMs; atS += stepS) {
    const x = xOf({ endMs }, atS * 1000);
    const label = stepS >= 60 ? `${atS / 60} min` : `${atS} s`;
    ticks.push(
      `<line class="tick" x1="${n(x)}" x2="${n(x)}" y1="${n(y)}" y2="${n(y + 5)}"/>`,
      `<text class="scale" x="${n(x)}" y="${n(y + 18)}" text-anchor="middle">${label}</text>`,
    );
  }
  return ticks.join('');
}

/** The next higher of 1, 2, 5, 10, 20, 50, ... */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

const STYLE = `
.paper{fill:#fff}text{font:11px system-ui,sans-serif;fill:#555}
text.title{font-size:13px;font-weight:600;fill:#222}text.lane{text-anchor:end}
.rule{stroke:#e6e6e6}.tick{stroke:#999}.band{fill:#f4a53a;opacity:.13}
.hits{fill:#3a86c8}.misses{fill:#9cc3e6}.unverified{fill:#b58ad6}.writes{fill:#2f9e6e}
.failed-reads{fill:#e4846f}.failed-writes{fill:#c0392b}
path.line{fill:none;stroke-width:1.3}path.read-p50,path.write-p50{opacity:.55}
path.read-p99,path.read-p50{stroke:#3a86c8}path.write-p99,path.write-p50{stroke:#2f9e6e}
rect.key.read-p99,rect.key.read-p50{fill:#3a86c8}rect.key.write-p99,rect.key.write-p50{fill:#2f9e6e}
rect.key.read-p50,rect.key.write-p50{opacity:.55}
.fault{fill:#d9542b}.recovery{fill:#f6c85f}g:hover .fault{fill:#8c2a0c}
@media(prefers-color-scheme:dark){.paper{fill:#16181c}text{fill:#aab}text.title{fill:#eee}.rule{stroke:#2b2f36}}`;
