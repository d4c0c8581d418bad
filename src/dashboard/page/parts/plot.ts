import uPlot from 'uplot';
import { bucket, change, dayOf, number, short, timeOrDayOf } from '../text/format.js';
import type { Interval } from '../service/shapes.js';

/** One line or row of bars. */
export interface Trace {
  readonly label: string;
  /** One for each interval; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Of the palette: `--trace-1` and so on. */
  readonly colour: number;
  readonly style: 'bars' | 'line' | 'area' | 'dotted';
}

/** What was to be expected, and is: one for each interval, null where there is none. */
export interface ExpectedTrace {
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Of the running interval and those to come. */
  readonly ahead: readonly (number | null)[];
  /** What came, where that is outside of the range. */
  readonly outside: readonly (number | null)[];
  /** The same for the legend. */
  readonly words: readonly string[];
}

export interface Picture {
  /** When each interval begins, ms since 1970, in order. */
  readonly begins: readonly number[];
  /** When the last one ends. */
  readonly endMs: number;
  /** When what was ends, and what is to come begins. */
  readonly pastEndMs: number;
  readonly traces: readonly Trace[];
  readonly expected: ExpectedTrace | null;
  readonly interval: Interval;
  readonly zone: string;
  /** Whether changes are drawn, which stand on zero; else values. */
  readonly isChange: boolean;
}

const HEIGHT_PX = 320;
const NARROW_HEIGHT_PX = 220;
const NARROW_PX = 560;
/** Of the room that each bar has. */
const BAR_WIDTH = 0.72;
const BAR_MAX_PX = 60;
const AXIS_PX = 56;
/** Half of the last label. */
const RIGHT_PX = 20;
const LABEL_SPACE_PX = 70;
/** A smaller stretch was no wish to look closer, but a hand that trembled. */
const SMALLEST_DRAG_PX = 8;

/** A chart that fills the width of its element, in the colours of the page. */
export class Plot {
  private plot: uPlot | null = null;
  private picture: Picture | null = null;
  private readonly resize: ResizeObserver;

  /** @param onSelect told of a stretch that somebody drew over, by its first and last interval */
  constructor(
    private readonly element: HTMLElement,
    private readonly onSelect: (first: number, last: number) => void,
  ) {
    this.resize = new ResizeObserver(() => {
      if (this.plot !== null && this.plot.width !== this.size().width) this.plot.setSize(this.size());
    });
    this.resize.observe(element);
  }

  show(picture: Picture): void {
    const before = this.picture;
    this.picture = picture;
    if (this.plot !== null && before !== null && shapeOf(before) === shapeOf(picture))
      this.plot.setData(dataOf(picture));
    else this.draw(picture);
  }

  /** As a picture, on the paper of the page. */
  async png(): Promise<Blob | null> {
    const canvas = this.plot?.ctx.canvas;
    if (canvas === undefined) return null;
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext('2d');
    if (context === null) return null;
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(canvas, 0, 0);
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }

  close(): void {
    this.resize.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  private size(): { width: number; height: number } {
    const width = Math.max(200, Math.floor(this.element.clientWidth));
    return { width, height: width < NARROW_PX ? NARROW_HEIGHT_PX : HEIGHT_PX };
  }

  private draw(picture: Picture): void {
    this.plot?.destroy();
    this.plot = null;
    if (picture.begins.length === 0) return;
    const style = getComputedStyle(this.element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--muted'), font: `12px ${style.fontFamily}`, ticks: { show: false }, gap: 8 };
    const { interval, zone, isChange } = picture;
    const label = interval === 'minute' || interval === 'hour' ? timeOrDayOf : dayOf;
    this.plot = new uPlot(
      {
        ...this.size(),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
        padding: [12, RIGHT_PX, 0, 0],
        legend: { show: true, live: true, markers: { show: true, width: 0 } },
        cursor: {
          y: false,
          points: { size: 7 },
          drag: { x: true, y: false, setScale: false },
          // On the bar, and not between two of them.
          move: (plot, left, top) => [
            left < 0 ? left : plot.valToPos(plot.data[0][plot.posToIdx(left)] ?? 0, 'x'),
            top,
          ],
        },
        hooks: { setSelect: [(plot) => this.select(plot)] },
        scales: {
          // From edge to edge: the first and the last are whole, too.
          x: { time: true, range: () => this.edges() },
          y: { range: isChange ? rangeWithZero : rangeOfValues },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: LABEL_SPACE_PX,
            values: (_, values) => values.map((seconds) => label(seconds * 1_000, zone)),
          },
          {
            ...axis,
            size: AXIS_PX,
            grid: { stroke: colour('--line'), width: 1 },
            values: (_, values) => values.map((value) => (Number.isInteger(value) ? short(value) : '')),
          },
        ],
        series: [
          {
            label: 'From',
            value: (_, __, ___, index) => {
              const at = index === null ? undefined : this.picture?.begins[index];
              return at === undefined ? '–' : bucket(new Date(at).toISOString(), interval, zone);
            },
          },
          ...(picture.expected === null ? [] : RANGE),
          ...picture.traces.map((trace) => seriesOf(trace, colour, isChange)),
          ...(picture.expected === null ? [] : this.expectedSeries(colour)),
        ],
        bands: picture.expected === null ? [] : [{ series: HIGH_TO_LOW, fill: colour('--accent-veil') }],
      },
      dataOf(picture),
      this.element,
    );
  }

  private expectedSeries(colour: (name: string) => string): uPlot.Series[] {
    const [expected, amber] = [colour('--trace-1'), colour('--amber')];
    const told = (_: uPlot, __: number, ___: number, index: number | null) =>
      (index === null ? undefined : this.picture?.expected?.words[index]) ?? '–';
    return [
      { label: 'Expected', stroke: expected, width: 2, dash: [2, 5], points: { show: false }, value: told },
      {
        label: 'Outside',
        class: 'unlisted',
        stroke: amber,
        width: 0,
        paths: () => null,
        points: { show: true, size: 11, width: 2, stroke: colour('--paper'), fill: amber },
      },
    ];
  }

  private edges(): uPlot.Range.MinMax {
    const { begins, endMs } = this.picture ?? { begins: [0], endMs: 1_000 };
    return [(begins[0] ?? 0) / 1_000, endMs / 1_000];
  }

  private select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width === 0) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < SMALLEST_DRAG_PX) return;
    this.onSelect(plot.posToIdx(left), plot.posToIdx(left + width));
  }
}

/** Two of one shape differ in numbers only. */
function shapeOf({ begins, traces, expected, interval, zone, isChange }: Picture): string {
  const looks = traces.map(({ label, colour, style }) => [label, colour, style]);
  return JSON.stringify([begins[0], begins.length, looks, expected === null, interval, zone, isChange]);
}

/** The edges of the range come first, so that all else is drawn on it. */
const EDGE: uPlot.Series = { class: 'unlisted', width: 0, points: { show: false } };
const RANGE: readonly uPlot.Series[] = [EDGE, EDGE];
const HIGH_TO_LOW: [number, number] = [2, 1];

/** Each stands in the middle of its interval. */
function dataOf({ begins, endMs, traces, expected }: Picture): uPlot.AlignedData {
  const middles = begins.map((at, index) => (at + (begins[index + 1] ?? endMs)) / 2_000);
  const drawn = traces.map(({ values }) => [...values]);
  if (expected === null) return [middles, ...drawn];
  const { low, high, ahead, outside } = expected;
  return [middles, [...low], [...high], ...drawn, [...ahead], [...outside]];
}

function seriesOf(
  { label, colour: place, style }: Trace,
  colour: (name: string) => string,
  isChange: boolean,
): uPlot.Series {
  const stroke = colour(`--trace-${place}`);
  const value: uPlot.Series.Value = (_, shown: number | null) =>
    shown === null ? '–' : isChange ? change(shown) : number(shown);
  const base: uPlot.Series = { label, stroke, width: 2, points: { show: false }, value };
  switch (style) {
    case 'bars':
      return {
        ...base,
        fill: stroke,
        width: 0,
        ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [BAR_WIDTH, BAR_MAX_PX] }) } : {}),
      };
    case 'area':
      return { ...base, fill: colour('--accent-veil') };
    case 'line':
      return base;
    case 'dotted':
      return { ...base, stroke: colour('--muted'), width: 1.5, dash: [2, 4] };
  }
}

/** Bars stand on zero. */
function rangeWithZero(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  const [from, to] = [Math.min(0, low ?? 0), Math.max(0, high ?? 0)];
  return from === to ? [0, 1] : [from * 1.08, to * 1.08];
}

/** A value that rises from a million by ten shows its ten. */
function rangeOfValues(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  const [from, to] = [low ?? 0, high ?? 0];
  const margin = Math.max(1, (to - from) * 0.08);
  return [from >= 0 ? Math.max(0, from - margin) : from - margin, to + margin];
}
