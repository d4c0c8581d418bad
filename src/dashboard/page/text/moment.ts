/** Moments as a field for date and time has them: `2026-01-31T12:00`, by the clock on the wall of a zone. */

const MINUTE_MS = 60_000;

export function wallTimeOf(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`;
}

/** When a clock there shows it: of two moments the first, and where clocks leap over it the moment after; null: no time. */
export function momentAt(wallTime: string, zone: string): number | null {
  const asUtc = Date.parse(`${wallTime}Z`);
  if (Number.isNaN(asUtc)) return null;
  const aheadAt = (ms: number) => Date.parse(`${wallTimeOf(ms, zone)}Z`) - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  // Clocks change by hours at most: those of the day before and after are the two that it can be told by.
  const candidates = [-1, 1].map((days) => asUtc - aheadAt(asUtc + days * 24 * 60 * MINUTE_MS)).sort((a, b) => a - b);
  return candidates.find((ms) => wallTimeOf(ms, zone) === wallTime) ?? candidates.at(-1) ?? null;
}
