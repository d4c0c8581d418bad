import { svg } from './dom.js';

const WIDTH = 240;
const HEIGHT = 40;
/** Room for the line's own width, and for the dot at its end. */
const MARGIN = 3;

/** A line without axes, for the shape of things; the numbers stand beside it. Its last stretch leads to what still grows. */
export function sparkline(values: readonly number[]): SVGSVGElement {
  const drawing = svg('svg', {
    class: 'spark',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  if (values.length < 2) return drawing;
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = high === low ? HEIGHT - MARGIN : HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const line = (part: readonly string[], running: boolean) =>
    svg('polyline', {
      points: part.join(' '),
      class: running ? 'running' : null,
      'vector-effect': 'non-scaling-stroke',
    });
  drawing.append(
    svg('polygon', { points: `0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}` }),
    line(points.slice(0, -1), false),
    line(points.slice(-2), true),
  );
  return drawing;
}
