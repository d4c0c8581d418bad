/** A contest as a picture: one SVG that needs nothing from outside and is readable on light and on dark pages. */
import { type ContestResult, type EntrantResult } from '../rounds.js';
import { count, milliseconds } from './table.js';

const WIDTH = 760;
const LABELS_WIDTH = 280;
const VALUES_WIDTH = 190;
const BARS_WIDTH = WIDTH - LABELS_WIDTH - VALUES_WIDTH;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 16;
const TOP = 44;
const BOTTOM = 10;

/** A bar must be seen, however small what it stands for. */
const SHORTEST_BAR = 1;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .quiet { fill: #59636e; }
    .ours { fill: #0969da; }
    .variant { fill: #0969da; opacity: 0.55; }
    .other { fill: #afb8c1; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .ours, .variant { fill: #4493f8; }
      .other { fill: #57606a; }
    }`;

export function chartName({ key }: ContestResult): string {
  return `${key}.svg`;
}

export function chartOf({ title, connections, entrants }: ContestResult): string {
  const height = TOP + entrants.length * ROW_HEIGHT + BOTTOM;
  const longest = Math.max(...entrants.map(throughputOf).filter(Number.isFinite));
  const unit = entrants.some(({ items }) => items > 1) ? 'items' : 'requests';
  const rows = entrants.map((entrant, index) => rowOf(entrant, TOP + index * ROW_HEIGHT, longest));
  const summary = entrants.map((entrant) => `${entrant.label}: ${count(throughputOf(entrant))}/s`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
  <title>${escaped(title)}</title>
  <desc>${escaped(summary)}</desc>
  <style>${STYLE}
  </style>
  <text class="title" x="0" y="18">${escaped(title)}</text>
  <text class="quiet" x="${WIDTH}" y="18" text-anchor="end">${unit} a second and p99, ${connections} connections</text>
${rows.join('\n')}
</svg>
`;
}

function rowOf(entrant: EntrantResult, y: number, longest: number): string {
  const throughput = throughputOf(entrant);
  const length = Number.isFinite(throughput) ? Math.max(SHORTEST_BAR, (throughput / longest) * BARS_WIDTH) : 0;
  const ours = entrant.base === entrant.key ? 'ours' : 'variant';
  const kind = entrant.key.startsWith('service') ? ours : 'other';
  const bar = `x="${LABELS_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"`;
  const baseline = y + BAR_HEIGHT - 3;
  const values = `${count(throughput)}/s  <tspan class="quiet">${milliseconds(entrant.median.p99Ms)} ms</tspan>`;
  return `  <text x="0" y="${baseline}">${escaped(entrant.label)}</text>
  <rect class="${kind}" ${bar}/>
  <text x="${(LABELS_WIDTH + length + 8).toFixed(1)}" y="${baseline}">${values}</text>`;
}

const throughputOf = ({ median, items }: EntrantResult): number => median.perSecond * items;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
