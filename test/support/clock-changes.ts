/** The days on which the clocks of a place are set, by what the engine knows of time zones. */

const HOUR_MS = 3_600_000;
const QUARTER_MS = HOUR_MS / 4;

/** One such day: 23 hours long, or 25. */
export interface ChangeDay {
  readonly zone: string;
  /** `2026-03-08`. */
  readonly day: string;
  /** Its first moment, and the first after it; ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Those that lie between two moments, in order. */
export function changeDays(zone: string, afterMs: number, beforeMs: number): ChangeDay[] {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const begins = (ms: number) => format.format(ms) !== format.format(ms - 1);
  let fromMs = Math.ceil(afterMs / QUARTER_MS) * QUARTER_MS;
  while (!begins(fromMs)) fromMs += QUARTER_MS;
  const found: ChangeDay[] = [];
  for (;;) {
    const hours = [23, 24, 25].find((count) => begins(fromMs + count * HOUR_MS));
    if (hours === undefined) throw new Error(`a day in ${zone} is neither 23, 24 nor 25 hours long`);
    const toMs = fromMs + hours * HOUR_MS;
    if (toMs > beforeMs) return found;
    if (hours !== 24) found.push({ zone, day: format.format(fromMs), fromMs, toMs });
    fromMs = toMs;
  }
}

/** A moment, and a day, as the page writes them where clocks show the time of a zone. */
export const hourIn = (zone: string, ms: number): string =>
  new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
  }).format(ms);
export const dayIn = (zone: string, ms: number): string =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(ms);
