import { useEffect, useRef } from 'preact/hooks';
import { type Picture, Plot } from '../../parts/plot.js';
import { theme } from '../../parts/theme-switch.js';
import type { Drawn } from '../../place/route.js';
import type { HistoryPoint } from '../../service/shapes.js';
import { INTERVAL_MS } from './ranges.js';
import type { Told } from './use-history.js';

interface Props {
  readonly told: Told;
  readonly draw: Drawn;
  /** A stretch that somebody drew over, ms since 1970. */
  readonly onZoom: (fromMs: number, toMs: number) => void;
  /** Takes what makes a picture of the chart. */
  readonly onPlot: (plot: Plot | null) => void;
}

export function Chart({ told, draw, onZoom, onPlot }: Props) {
  const canvas = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const looks = theme.value;
  const picture = pictureOf(told, draw);
  const latest = useRef({ picture, onZoom });
  latest.current = { picture, onZoom };
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = new Plot(canvas.current, (first, last) => {
      const { picture: shown, onZoom: zoom } = latest.current;
      const fromMs = shown.begins[first];
      if (fromMs !== undefined) zoom(fromMs, shown.begins[last + 1] ?? shown.endMs);
    });
    plot.current = made;
    onPlot(made);
    return () => {
      onPlot(null);
      made.close();
    };
    // Painted anew in other colours.
  }, [looks, onPlot]);
  useEffect(() => plot.current?.show(picture), [told, draw, looks]);
  return <div ref={canvas} class="chart" aria-hidden="true" />;
}

function pictureOf({ counters, before, interval, tz }: Told, draw: Drawn): Picture {
  const [first] = counters;
  const begins = (first?.points ?? []).map(({ at }) => Date.parse(at));
  const alone = counters.length === 1;
  const traces: Picture['traces'][number][] = counters.map(({ name, points }, index) => ({
    label: alone ? (draw === 'delta' ? 'Change' : 'Value') : name,
    values: alignedTo(begins, points).map((point) => point?.[draw] ?? null),
    colour: index + 1,
    style: !alone ? 'line' : draw === 'delta' ? 'bars' : 'area',
  }));
  if (before !== null && draw === 'delta' && before.some((point) => point !== null)) {
    traces.push({
      label: 'Period before',
      values: before.map((point) => point?.delta ?? null),
      colour: 1,
      style: 'dotted',
    });
  }
  const endMs = (begins.at(-1) ?? 0) + INTERVAL_MS[interval];
  return { begins, endMs, traces, interval, zone: tz, isChange: draw === 'delta' };
}

function alignedTo(begins: readonly number[], points: readonly HistoryPoint[]): readonly (HistoryPoint | null)[] {
  const byBegin = new Map(points.map((point) => [Date.parse(point.at), point]));
  return begins.map((at) => byBegin.get(at) ?? null);
}
