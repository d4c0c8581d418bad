const WIDTH = 240;
const HEIGHT = 40;
/** Room for the line's own width. */
const MARGIN = 3;

/** A line without axes, for the shape of things; the numbers stand beside it. Its last stretch leads to what still grows. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {values.length < 2 ? null : <Shape points={pointsOf(values)} />}
    </svg>
  );
}

function Shape({ points }: { readonly points: readonly string[] }) {
  const stroke = { 'vector-effect': 'non-scaling-stroke' };
  return (
    <>
      <polygon points={`0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
      <polyline points={points.slice(0, -1).join(' ')} {...stroke} />
      <polyline points={points.slice(-2).join(' ')} class="running" {...stroke} />
    </>
  );
}

function pointsOf(values: readonly number[]): readonly string[] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = high === low ? HEIGHT - MARGIN : HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
}
