import { useEffect, useRef } from 'preact/hooks';
import { type Picture, Plot } from '../../parts/plot.js';
import { theme } from '../../parts/theme-switch.js';
import type { Drawn } from '../../place/route.js';
import type { ExpectedHour, HistoryPoint } from '../../service/shapes.js';
import { about } from '../../text/format.js';
import { INTERVAL_MS } from './ranges.js';
import type { Told } from './use-history.js';
import type { Outlook } from './use-outlook.js';

interface Props {
  readonly told: Told;
  readonly draw: Drawn;
  /** Null where nothing is known of what is to be expected. */
  readonly outlook: Outlook | null;
  /** A stretch that somebody drew over, ms since 1970. */
  readonly onZoom: (fromMs: number, toMs: number) => void;
  /** Takes what makes a picture of the chart. */
  readonly onPlot: (plot: Plot | null) => void;
}

export function Chart({ told, draw, outlook, onZoom, onPlot }: Props) {
  const canvas = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const looks = theme.value;
  const picture = pictureOf(told, draw, draw === 'delta' ? outlook : null);
  const latest = useRef({ picture, onZoom });
  latest.current = { picture, onZoom };
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = new Plot(canvas.current, (first, last) => {
      const { picture: shown, onZoom: zoom } = latest.current;
      const fromMs = shown.begins[first];
      // What is still to come cannot be looked at more closely.
      const toMs = Math.min(shown.begins[last + 1] ?? shown.endMs, shown.pastEndMs);
      if (fromMs !== undefined && fromMs < toMs) zoom(fromMs, toMs);
    });
    plot.current = made;
    onPlot(made);
    return () => {
      onPlot(null);
      made.close();
    };
    // Painted anew in other colours.
  }, [looks, onPlot]);
  useEffect(() => plot.current?.show(picture), [told, draw, outlook, looks]);
  return <div ref={canvas} class="chart" aria-hidden="true" />;
}

function pictureOf({ counters, before, interval, tz }: Told, draw: Drawn, outlook: Outlook | null): Picture {
  const [first] = counters;
  const past = (first?.points ?? []).map(({ at }) => Date.parse(at));
  const pastEndMs = (past.at(-1) ?? 0) + INTERVAL_MS[interval];
  // The running one is the last that was and the first that is expected.
  const begins = [...past, ...(outlook?.ahead ?? []).slice(1).map(({ at }) => Date.parse(at))];
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
      values: begins.map((_, place) => before[place]?.delta ?? null),
      colour: 1,
      style: 'dotted',
    });
  }
  const endMs = (begins.at(-1) ?? 0) + INTERVAL_MS[interval];
  const expected = outlook === null ? null : expectedOf(begins, outlook);
  return { begins, endMs, pastEndMs, traces, expected, interval, zone: tz, isChange: draw === 'delta' };
}

function expectedOf(begins: readonly number[], { past, ahead }: Outlook): Picture['expected'] {
  const coming = new Map(ahead.map((hour) => [Date.parse(hour.at), hour]));
  const told = begins.map((at): ExpectedHour | null => past.get(at) ?? coming.get(at) ?? null);
  return {
    low: told.map((hour) => hour?.low ?? null),
    high: told.map((hour) => hour?.high ?? null),
    ahead: begins.map((at) => coming.get(at)?.delta ?? null),
    outside: begins.map((at) => {
      const hour = past.get(at);
      return hour === undefined || hour.outside === null ? null : hour.observed;
    }),
    words: told.map((hour) =>
      hour === null ? '–' : `${about(hour.delta)} (${about(hour.low)} to ${about(hour.high)})`,
    ),
  };
}

function alignedTo(begins: readonly number[], points: readonly HistoryPoint[]): readonly (HistoryPoint | null)[] {
  const byBegin = new Map(points.map((point) => [Date.parse(point.at), point]));
  return begins.map((at) => byBegin.get(at) ?? null);
}
