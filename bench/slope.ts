/** A straight line through some points, by least squares. */

export type Point = readonly [x: number, y: number];

/** What `y` grows by with each `x`, whatever is there at 0; NaN where all `x` are the same. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [middleX, middleY] = [mean(([x]) => x), mean(([, y]) => y)];
  const varied = mean(([x]) => (x - middleX) ** 2);
  return mean(([x, y]) => (x - middleX) * (y - middleY)) / varied;
}
