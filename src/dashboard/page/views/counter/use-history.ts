import { useMemo } from 'preact/hooks';
import { useLoad } from '../../parts/use-load.js';
import type { CounterPlace } from '../../place/route.js';
import { zone } from '../../place/zone.js';
import { api, type ApiError } from '../../service/api.js';
import { now } from '../../service/clock.js';
import type { Histories, HistoryPoint, Interval } from '../../service/shapes.js';
import { aligned, compare, type Comparison } from './comparison.js';
import { INTERVAL_MS, intervalFor, withChange } from './ranges.js';

/** Corrects what live changes added up. */
const RELOAD_MS = 60_000;

/** What is drawn: intervals, and where they begin. */
export interface Told {
  readonly counters: readonly { readonly name: string; readonly points: readonly HistoryPoint[] }[];
  /** Of the period before, one for each point; null where it was not asked for. */
  readonly before: readonly (HistoryPoint | null)[] | null;
  readonly comparison: Comparison | null;
  readonly interval: Interval;
  readonly tz: string;
  /** Whether the last interval goes on. */
  readonly isRunning: boolean;
}

interface History {
  /** Null until it is there. */
  readonly told: Told | null;
  readonly answered: boolean;
  readonly fault: ApiError | null;
}

interface Answer {
  readonly question: string;
  readonly now: Histories;
  readonly before: readonly HistoryPoint[] | null;
}

/** @param value of the counter as it is now, which history may be some seconds behind. @param generation see the counter's page */
export function useHistory(place: CounterPlace, value: number | null, generation: number): History {
  const { name, range, from, to, others, previous } = place;
  const names = [name, ...others];
  const question = JSON.stringify([names, range, from, to, previous, zone()]);
  const { answer: latest, fault } = useLoad(
    async (): Promise<Answer> => {
      const told = await ask(place, names);
      return { question, now: told, before: previous && others.length === 0 ? await askBefore(name, told) : null };
    },
    [question, generation],
    { everyMs: RELOAD_MS },
  );
  const answer = latest?.question === question ? latest : null;
  const told = useMemo(() => (answer === null ? null : toldOf(answer, place, value)), [answer, value]);
  return { told, answered: answer !== null, fault };
}

async function ask({ range, from, to }: CounterPlace, names: readonly string[]): Promise<Histories> {
  if (range !== null) return api.histories(names, { over: range });
  const [fromMs, toMs] = [from ?? 0, to ?? 0];
  return api.histories(names, { from: fromMs, to: toMs, interval: intervalFor(toMs - fromMs) });
}

/** As long a time, right before; where that cannot be told the chart does without. */
async function askBefore(name: string, { data, interval }: Histories): Promise<readonly HistoryPoint[] | null> {
  const points = data[name] ?? [];
  const first = points[0];
  if (first === undefined) return null;
  const toMs = Date.parse(first.at);
  // An hour more than needed: days are not all as long. What is too much is left out.
  const fromMs = toMs - points.length * INTERVAL_MS[interval] - INTERVAL_MS.hour;
  const before = await api.histories([name], { from: fromMs, to: toMs, interval }).catch(() => null);
  return before?.data[name] ?? null;
}

function toldOf({ now: answer, before }: Answer, place: CounterPlace, value: number | null): Told | null {
  const { data, interval, tz } = answer;
  const isRunning = place.to === null || place.to > now();
  const counters = [place.name, ...place.others].flatMap((name) => {
    const points = data[name] ?? [];
    if (points.length === 0) return [];
    const live = name === place.name && value !== null && isRunning ? withChange(points, value) : points;
    return [{ name, points: live }];
  });
  const [first] = counters;
  if (first === undefined) return null;
  // Where there was no counter yet there is nothing to compare with.
  const existed = before?.some(({ delta, value: told }) => delta !== 0 || told !== 0) ?? false;
  const earlier = before === null || !existed ? null : aligned(before, first.points.length);
  const comparison = earlier === null ? null : compare(first.points, earlier, isRunning);
  return { counters, before: earlier, comparison, interval, tz, isRunning };
}
