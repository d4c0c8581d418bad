import { useMemo } from 'preact/hooks';
import { useLoad } from '../../parts/use-load.js';
import { api } from '../../service/api.js';
import { now } from '../../service/clock.js';
import type { ExpectedHour, Forecast, JudgedHour } from '../../service/shapes.js';
import { INTERVAL_MS } from './ranges.js';
import type { Told } from './use-history.js';

/** A forecast takes so much history; who is younger is not asked about. */
const FEWEST_MS = 14 * INTERVAL_MS.day;

/** As far as the service looks back. */
const MOST_PAST = 168;

/** Beyond that a picture would show more of what may be than of what was. */
const MOST_AHEAD = 48;

/** A day is asked for in any case: for what is expected by midnight. */
const DAY_HOURS = 24;

/** What is expected of the hours that are shown, and of those after them. */
export interface Outlook {
  /** By when they begin, ms since 1970. */
  readonly past: ReadonlyMap<number, JudgedHour>;
  /** The running hour first: those that are drawn, and a day of them. */
  readonly ahead: readonly ExpectedHour[];
  readonly day: readonly ExpectedHour[];
  readonly reaches: Forecast['reaches'];
}

/** Of one counter by the hour, up to now; else null, and where there is too little history. */
export function useOutlook(told: Told | null, createdAt: string | null): Outlook | null {
  const last = lastHourOf(told);
  const isWanted = last !== null && createdAt !== null && now() - Date.parse(createdAt) > FEWEST_MS;
  const name = told?.counters[0]?.name ?? '';
  const shown = told?.counters[0]?.points.length ?? 0;
  const ahead = Math.min(MOST_AHEAD, Math.ceil(shown / 2));
  const past = Math.min(MOST_PAST, Math.max(0, shown - 1));
  const { answer } = useLoad(
    async () => (isWanted ? api.forecast(name, Math.max(ahead, DAY_HOURS), past) : null),
    [isWanted, name, last, ahead, past],
  );
  return useMemo(() => {
    const first = answer?.data[0];
    // In zones whose hours are not those of UTC nothing would lie below the other.
    if (answer === null || first?.at !== last) return null;
    return {
      past: new Map(answer.past.map((hour) => [Date.parse(hour.at), hour])),
      ahead: answer.data.slice(0, ahead),
      day: answer.data,
      reaches: answer.reaches,
    };
  }, [answer, last, ahead]);
}

function lastHourOf(told: Told | null): string | null {
  if (told === null || told.interval !== 'hour' || !told.isRunning || told.counters.length > 1) return null;
  const at = told.counters[0]?.points.at(-1)?.at;
  return at === undefined ? null : new Date(at).toISOString();
}
