/** What something costs by its size: what was measured, from the least size on, and a straight line in between. */
export type Curve = ReadonlyMap<number, number>;

/** Past the last point it goes on in proportion. */
export function onCurve(curve: Curve, size: number): number {
  const points = [...curve];
  for (const [index, [measured, cost]] of points.entries()) {
    const next = points[index + 1];
    if (next === undefined) return (cost * size) / measured;
    if (size <= next[0]) return cost + ((next[1] - cost) * (size - measured)) / (next[0] - measured);
  }
  return 0;
}
