import { Injectable } from '@nestjs/common';
import { HistorySettings } from '../../config/config.js';
import type { Counter } from '../../domain/counter.js';
import { NotEnoughHistory } from '../../domain/errors.js';
import { UTC, type Zone } from '../../domain/zone.js';
import { HOUR_MS } from '../../domain/time.js';
import { DatabaseClock } from '../database-clock.js';
import { HistoryService } from '../history/history.service.js';
import { ForecastWorker } from './forecast-worker.js';
import { byTheClock, type HourlyChange, shownHour } from './hours.js';
import { KeptForTheHour } from './kept-for-the-hour.js';
import {
  BASIS_HOURS,
  DAY_HOURS,
  type Expectation,
  expect,
  type Expected,
  FEWEST_HOURS,
  outsideOf,
  WEEK_HOURS,
} from './model.js';

/** A week: what is further away repeats it. */
export const MAX_HORIZON_HOURS = WEEK_HOURS;

/** As far back as it is said what had been expected: what was foreseen longer before tells little. */
export const MAX_PAST_HOURS = WEEK_HOURS;

/** Forecasts that are kept, until the next hour: some twenty kilobytes each. */
const MAX_KEPT = 500;

/** Where most of what should lie within the range does. */
export const DEFAULT_LEVEL = 0.95;

export interface ForecastHour extends Expected {
  readonly atMs: number;
}

/** What is expected of a counter in the hours to come, the one that is running first. */
export interface Forecast {
  readonly hours: readonly ForecastHour[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly seasons: Expectation['seasons'];
  readonly model: Expectation['model'];
  readonly madeAtMs: number;
}

/** A counter, as far as a forecast of it goes. */
type Forecastable = Pick<Counter, 'name' | 'createdAt'>;

/** What was to be expected of hours that are over, and what came. */
interface LookBack {
  readonly expected: readonly ForecastHour[];
  readonly actual: readonly HourlyChange[];
}

/** An hour that is over, and whether it was as expected. */
export interface JudgedHour extends ForecastHour {
  readonly observed: number;
  /** Where it lay; null: within the range. */
  readonly outside: 'above' | 'below' | null;
}

/** Says what is to be expected, from the hours that are over. */
@Injectable()
export class ForecastsService {
  private readonly ahead = new KeptForTheHour<Forecast>(MAX_KEPT);
  private readonly past = new KeptForTheHour<LookBack>(MAX_KEPT);

  constructor(
    private readonly history: HistoryService,
    private readonly worker: ForecastWorker,
    private readonly clock: DatabaseClock,
    private readonly settings: HistorySettings,
  ) {}

  /**
   * Made once an hour, for a week ahead.
   *
   * @param counter in its present life: of another one of this name nothing is told
   * @param level how many of 1 should lie within the range, above 0.5 and below 1
   * @returns null where there is no such counter
   * @throws NotEnoughHistory
   * @throws Unavailable
   */
  async forecast({ name, createdAt }: Forecastable, level: number): Promise<Forecast | null> {
    const hourMs = Math.floor(this.clock.nowMs() / HOUR_MS) * HOUR_MS;
    return this.ahead.get(`${level} ${createdAt} ${name}`, hourMs, () =>
      this.made(name, hourMs, MAX_HORIZON_HOURS, level),
    );
  }

  /**
   * Up to so many of the last hours that are over, as seen just before the first of them; as many as leave enough history
   * before them, and none where that is none. Made once an hour.
   *
   * @param hours 0 to MAX_PAST_HOURS
   * @throws Unavailable
   */
  async judged(counter: Forecastable, forecast: Forecast, hours: number, level: number): Promise<JudgedHour[]> {
    const { name, createdAt } = counter;
    const { fromMs, toMs } = forecast;
    const past = Math.min(hours, Math.round((toMs - fromMs) / HOUR_MS) - FEWEST_HOURS);
    if (past <= 0) return [];
    const found = await this.past.get(`${level} ${past} ${createdAt} ${name}`, toMs, () =>
      this.lookBack(name, toMs - past * HOUR_MS, toMs, level),
    );
    return (found?.expected ?? []).map((expected, hour): JudgedHour => {
      const observed = found?.actual[hour]?.delta ?? 0;
      return { ...expected, observed, outside: outsideOf(expected, observed) };
    });
  }

  /**
   * What was to be expected from an hour on, as seen just before it; and what came.
   *
   * @param toMs the end of the last hour that is over
   * @throws NotEnoughHistory
   * @throws Unavailable
   */
  async lookBack(name: string, fromMs: number, toMs: number, level: number): Promise<LookBack | null> {
    const horizon = Math.round((toMs - fromMs) / HOUR_MS);
    const made = await this.made(name, fromMs, horizon, level);
    if (made === null) return null;
    const actual = await this.changes(name, fromMs, toMs);
    return actual === null ? null : { expected: made.hours, actual };
  }

  private async made(name: string, fromMs: number, horizon: number, level: number): Promise<Forecast | null> {
    const { zone } = this.settings;
    const basis = await this.changes(name, fromMs - BASIS_HOURS * HOUR_MS, fromMs);
    if (basis === null) return null;
    const [first] = basis;
    if (first === undefined || basis.length < FEWEST_HOURS) throw new NotEnoughHistory(tooLittle(basis.length));
    const series = byTheClock(basis, zone);
    const begin = shownHour(zone, fromMs - HOUR_MS) + 1;
    // An hour more than are asked for, since clocks may be set forth among them; none is before the first.
    const { hours, seasons, model } = await expect(series, horizon + 2, level, (fit) => this.worker.fit(fit));
    const told = Array.from({ length: horizon }, (_, hour): ForecastHour => {
      const atMs = fromMs + hour * HOUR_MS;
      const place = Math.max(0, shownHour(zone, atMs) - begin);
      return { atMs, ...(hours[Math.min(place, hours.length - 1)] ?? { delta: 0, low: 0, high: 0 }) };
    });
    return { hours: told, fromMs: first.atMs, toMs: fromMs, seasons, model, madeAtMs: this.clock.nowMs() };
  }

  /** From the first change of the counter on; null where there is no such counter. */
  private async changes(name: string, fromMs: number, toMs: number): Promise<HourlyChange[] | null> {
    const count = Math.round((toMs - fromMs) / HOUR_MS);
    const begins = Array.from({ length: count }, (_, hour) => fromMs + hour * HOUR_MS);
    const range = { interval: 'hour', zone: UTC satisfies Zone, begins, endMs: toMs } as const;
    const { points } = await this.history.points([name], range, 'first');
    return points.get(name)?.map(({ atMs, delta }) => ({ atMs, delta: Number(delta) })) ?? null;
  }
}

function tooLittle(hours: number): string {
  const days = Math.floor((hours / DAY_HOURS) * 10) / 10;
  return `A forecast takes ${FEWEST_HOURS / DAY_HOURS} days of history, and there are ${days}.`;
}
