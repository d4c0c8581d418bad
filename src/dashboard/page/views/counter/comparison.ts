import type { HistoryPoint } from '../../service/shapes.js';

/** A period beside the one before it, of whole intervals only: the one that is running is no match for a whole one. */
export interface Comparison {
  readonly gained: number;
  readonly gainedBefore: number;
  /** 0.12 for "12 % more"; null where there was nothing to compare with. */
  readonly ratio: number | null;
}

/** @param isRunning whether the last of the points is not over */
export function compare(
  points: readonly HistoryPoint[],
  before: readonly (HistoryPoint | null)[],
  isRunning: boolean,
): Comparison | null {
  const whole = isRunning ? points.length - 1 : points.length;
  const earlier = before.slice(0, whole);
  if (whole === 0 || earlier.every((point) => point === null)) return null;
  const gained = points.slice(0, whole).reduce((sum, { delta }) => sum + delta, 0);
  const gainedBefore = earlier.reduce((sum, point) => sum + (point?.delta ?? 0), 0);
  return { gained, gainedBefore, ratio: gainedBefore === 0 ? null : (gained - gainedBefore) / Math.abs(gainedBefore) };
}

/** As many points of before as there are now, one for each, null where there is none. */
export function aligned(before: readonly HistoryPoint[], count: number): readonly (HistoryPoint | null)[] {
  const taken = before.slice(-count);
  return [...Array.from({ length: count - taken.length }, () => null), ...taken];
}
