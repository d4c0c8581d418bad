import type { Timeline, TimelinePoint } from '../../service/shapes.js';
import { gradeOf, sentenceOf } from '../../text/news.js';

type Of = (point: TimelinePoint) => number | null;

export interface Measure {
  readonly label: string;
  readonly of: Of;
  /** A second line in the same lane. */
  readonly also: { readonly label: string; readonly of: Of } | null;
  readonly text: (value: number) => string;
}

const WIDTH = 600;
const HEIGHT = 48;
const MARGIN = 2;

/** One measure over time, with a line where something happened. */
export function Lane({ measure, timeline }: { readonly measure: Measure; readonly timeline: Timeline }) {
  const { points } = timeline;
  const { label, of, also, text } = measure;
  const highest = Math.max(1e-9, ...points.flatMap((point) => [of(point) ?? 0, also?.of(point) ?? 0]));
  const last = points.at(-1);
  const now = last === undefined ? null : of(last);
  const nowAlso = last === undefined || also === null ? null : also.of(last);
  return (
    <div class="lane">
      <p>
        <span class="quiet">{label}</span> <b>{now === null ? '–' : text(now)}</b>
        {also !== null && (
          <span class="quiet">
            {' '}
            {nowAlso === null ? '' : text(nowAlso)} {nowAlso === null ? '' : also.label}
          </span>
        )}
      </p>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {linesOf(timeline, of, highest).map((line) => (
          <polyline key={line} points={line} vector-effect="non-scaling-stroke" />
        ))}
        {also !== null &&
          linesOf(timeline, also.of, highest).map((line) => (
            <polyline key={line} class="also" points={line} vector-effect="non-scaling-stroke" />
          ))}
        {timeline.marks.map((mark) => (
          <line
            key={mark.id}
            data-grade={gradeOf(mark.kind)}
            x1={xOf(timeline, mark.at)}
            x2={xOf(timeline, mark.at)}
            y1={0}
            y2={HEIGHT}
            vector-effect="non-scaling-stroke"
          >
            <title>{sentenceOf(mark)}</title>
          </line>
        ))}
      </svg>
    </div>
  );
}

function xOf({ from, to }: Timeline, at: string): number {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  return ((Date.parse(at) - begin) / Math.max(1, end - begin)) * WIDTH;
}

/** A line ends where nothing is known, and begins anew after it. */
function linesOf(timeline: Timeline, of: Of, highest: number): readonly string[] {
  const lines: string[][] = [[]];
  let beforeMs = -Infinity;
  for (const point of timeline.points) {
    const value = of(point);
    const atMs = Date.parse(point.at);
    if (value === null || atMs - beforeMs > 2 * timeline.stepMs) lines.push([]);
    if (value === null) continue;
    beforeMs = atMs;
    const y = HEIGHT - MARGIN - (value / highest) * (HEIGHT - 2 * MARGIN);
    lines.at(-1)?.push(`${xOf(timeline, point.at).toFixed(1)},${y.toFixed(1)}`);
  }
  return lines.filter((line) => line.length > 1).map((line) => line.join(' '));
}
