import uPlot from 'uplot';
import { bucket, change, dayOf, number, short, timeOrDayOf } from '../text/format.js';
import type { HistoryPoint, Interval } from '../service/shapes.js';

export type Series = 'value' | 'delta';

const HEIGHT_PX = 300;
const NARROW_HEIGHT_PX = 220;
const NARROW_PX = 560;
/** Of the room that each bar has. */
const BAR_WIDTH = 0.7;
const BAR_MAX_PX = 40;
const AXIS_PX = 56;
/** Half of the last label. */
const RIGHT_PX = 20;
const LABEL_SPACE_PX = 70;

/** A chart that fills the width of its element, in the colours of the page. */
export class Plot {
  private plot: uPlot | null = null;
  private points: readonly HistoryPoint[] = [];
  private series: Series = 'value';
  private interval: Interval = 'hour';
  private zone = 'UTC';
  private readonly resize: ResizeObserver;

  constructor(private readonly element: HTMLElement) {
    this.resize = new ResizeObserver(() => {
      if (this.plot !== null && this.plot.width !== this.size().width) this.plot.setSize(this.size());
    });
    this.resize.observe(element);
  }

  /** @param zone in which the points begin */
  show(points: readonly HistoryPoint[], interval: Interval, zone: string, series: Series): void {
    const same = series === this.series && interval === this.interval && zone === this.zone && this.plot !== null;
    this.interval = interval;
    this.zone = zone;
    this.points = points;
    this.series = series;
    if (same) this.plot?.setData(this.data());
    else this.draw();
  }

  close(): void {
    this.resize.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  private data(): uPlot.AlignedData {
    const series = this.series;
    return [this.points.map(({ at }) => Date.parse(at) / 1_000), this.points.map((point) => point[series])];
  }

  private size(): { width: number; height: number } {
    const width = Math.max(200, Math.floor(this.element.clientWidth));
    return { width, height: width < NARROW_PX ? NARROW_HEIGHT_PX : HEIGHT_PX };
  }

  private draw(): void {
    this.plot?.destroy();
    if (this.points.length === 0) return;
    const style = getComputedStyle(this.element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      font: `12px ${style.fontFamily}`,
      ticks: { show: false },
      gap: 8,
    };
    const { interval, zone } = this;
    const bars = this.series === 'delta';
    const label = interval === 'day' ? dayOf : timeOrDayOf;
    this.plot = new uPlot(
      {
        ...this.size(),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
        padding: [12, RIGHT_PX, 0, 0],
        legend: { show: true, live: true, markers: { show: false } },
        cursor: { y: false, points: { size: 7, fill: colour('--accent') }, drag: { x: false, y: false } },
        scales: { x: { time: true }, y: { range: bars ? rangeWithZero : rangeOfValues } },
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
            value: (_, at: number | null) =>
              at === null ? '–' : bucket(new Date(at * 1_000).toISOString(), interval, zone),
          },
          {
            label: bars ? 'Change' : 'Value',
            stroke: colour('--accent'),
            fill: colour(bars ? '--accent' : '--accent-veil'),
            width: bars ? 0 : 2,
            points: { show: false },
            value: (_, value: number | null) => (value === null ? '–' : bars ? change(value) : number(value)),
            ...(bars && uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [BAR_WIDTH, BAR_MAX_PX] }) } : {}),
          },
        ],
      },
      this.data(),
      this.element,
    );
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
