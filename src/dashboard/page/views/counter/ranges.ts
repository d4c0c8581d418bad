import type { Range } from '../../place/route.js';
import type { HistoryPoint } from '../../service/shapes.js';

/** Each of them is a period that the service defines, in intervals that leave a picture and a table one can read. */
export const RANGE_LABELS: Readonly<Record<Range, string>> = {
  '1h': '1 h',
  '24h': '24 h',
  '7d': '7 d',
  '30d': '30 d',
  '90d': '90 d',
};

/**
 * The same points after one more change: it counts for the interval that was running when they were asked for, until they
 * are again.
 *
 * @param value after the change
 */
export function withChange(points: readonly HistoryPoint[], value: number): readonly HistoryPoint[] {
  const last = points.at(-1);
  if (last === undefined) return points;
  return [...points.slice(0, -1), { ...last, delta: last.delta + value - last.value, value }];
}
