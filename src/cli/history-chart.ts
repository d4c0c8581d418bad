import { plot } from 'asciichart';

export interface Point {
  readonly at: string;
  readonly delta: number;
  readonly value: number;
}

/** What is drawn: how much a counter gained in each interval, or what it stood at in the end of each. */
export type Drawn = 'change' | 'value';

/** Lines from the lowest to the highest; a screen has twice as many. */
const HEIGHT = 10;

/** A label, a space, the axis; shorter labels would be drawn over. */
const AXIS_COLUMNS = 2;
const SHORTEST_LABEL = 3;

/**
 * A line of so many columns at most, under it the times at which it begins and ends.
 *
 * @param points at least one, in order
 */
export function historyChart(points: readonly Point[], drawn: Drawn, columns: number): string {
  const numbers = points.map(({ delta, value }) => (drawn === 'change' ? delta : value));
  const ends = [Math.min(...numbers), Math.max(...numbers)];
  const labelColumns = Math.max(SHORTEST_LABEL, ...ends.map((n) => labelOf(n).length));
  const series = narrowed(numbers, drawn, Math.max(1, columns - labelColumns - AXIS_COLUMNS));
  const begin = ' '.repeat(labelColumns + AXIS_COLUMNS);
  const [first, last] = [points[0]?.at ?? '', points.at(-1)?.at ?? ''];
  const chart = plot([...series], {
    height: HEIGHT,
    offset: SHORTEST_LABEL,
    format: (n) => labelOf(n).padStart(labelColumns),
  });
  return `${chart}\n${begin}${shortened(first)} to ${shortened(last)}`;
}

/** Intervals side by side become one where there are more than columns: changes add up, of values the last one counts. */
export function narrowed(numbers: readonly number[], drawn: Drawn, columns: number): readonly number[] {
  const size = Math.ceil(numbers.length / columns);
  return Array.from({ length: Math.ceil(numbers.length / size) }, (_, index) => {
    const group = numbers.slice(index * size, (index + 1) * size);
    return drawn === 'change' ? group.reduce((sum, n) => sum + n, 0) : (group.at(-1) ?? 0);
  });
}

function labelOf(n: number): string {
  return String(Math.round(n));
}

function shortened(at: string): string {
  return at.replace(':00.000Z', 'Z');
}
