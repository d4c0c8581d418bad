/** What is expected, by the real model, of counters that are well behaved and of those that are not. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { ForecastWorker } from './forecast-worker.js';
import { DAY_HOURS, expect as expected, outsideOf, tame, WEEK_HOURS } from './model.js';
import { reachOf } from './reach.js';

const worker = new ForecastWorker();
afterAll(() => worker.onApplicationShutdown());

const ahead = (series: readonly number[], horizon = DAY_HOURS) =>
  expected(series, horizon, 0.95, (fit) => worker.fit(fit));

/** A day's shape, and noise that is the same each time. */
const daily = (hours: number, size = 100): number[] =>
  Array.from({ length: hours }, (_, hour) =>
    Math.round(size * (1 + 0.8 * Math.sin((hour / 24) * 2 * Math.PI) + 0.1 * Math.sin(hour * 12.9898))),
  );

const days = (count: number) => count * DAY_HOURS;

const isFinite = (hours: readonly { readonly delta: number; readonly low: number; readonly high: number }[]) =>
  hours.every(({ delta, low, high }) => [delta, low, high].every(Number.isFinite) && low <= delta && delta <= high);

it('a day comes as the days before', async () => {
  const series = daily(days(29));
  const { hours, seasons, model } = await ahead(series.slice(0, days(28)));
  expect([seasons, model]).toEqual([['day', 'week'], 'mstl-ets']);
  const missed = hours.map(({ delta }, hour) => Math.abs(delta - (series[days(28) + hour] ?? 0)));
  expect(missed.reduce((sum, one) => sum + one, 0) / DAY_HOURS).toBeLessThan(20);
  expect(isFinite(hours)).toBe(true);
});

it('with less than four weeks there is no week', async () => {
  expect(await ahead(daily(days(14)))).toMatchObject({ seasons: ['day'], model: 'mstl-ets' });
});

describe('a counter', () => {
  it('on which nothing happens is expected to stay so', async () => {
    const { hours, model } = await ahead(Array.from({ length: days(28) }, () => 0));
    expect(model).toBe('constant');
    expect(hours).toEqual(Array.from({ length: DAY_HOURS }, () => ({ delta: 0, low: 0, high: 0 })));
  });

  it('with one spike is not expected to have another', async () => {
    const series = daily(days(28));
    series[days(21) + 12] = 1_000_000;
    const { hours } = await ahead(series, WEEK_HOURS);
    expect(Math.max(...hours.map(({ delta }) => delta))).toBeLessThan(1_000);
  });

  it('that only ever had one spike is expected to have none', async () => {
    const series = Array.from({ length: days(28) }, () => 0);
    series[100] = 5;
    const { hours } = await ahead(series);
    expect(isFinite(hours)).toBe(true);
    expect(Math.max(...hours.map(({ delta }) => delta))).toBeLessThan(5);
  });

  it('that counts now and then has ranges in which what comes can lie', async () => {
    // Some were narrower than from one whole number to the next, and between the two.
    const { hours } = await ahead(
      Array.from({ length: days(28) }, (_, hour) => (hour % 7 === 0 ? 2 : 1)),
      WEEK_HOURS,
    );
    expect(hours.filter((hour) => [0, 1, 2].every((delta) => outsideOf(hour, delta) !== null))).toEqual([]);
    expect(isFinite(hours)).toBe(true);
  });

  it('that never fell has no low below 0', async () => {
    const { hours } = await ahead(daily(days(28), 2).map((delta) => Math.max(0, delta - 1)));
    expect(Math.min(...hours.map(({ low }) => low))).toBeGreaterThanOrEqual(0);
  });

  it('whose days are good or bad as a whole gets a range that is wide enough for a day', async () => {
    // As weather does: each day is up to two fifths more or less than usual, all of it.
    const fortune = (day: number): number => 1 + 0.4 * Math.sin(day * 78.233 + Math.sin(day * 12.9898) * 43_758);
    const series = daily(days(38)).map((delta, hour) => Math.round(delta * fortune(Math.floor(hour / DAY_HOURS))));
    let within = 0;
    for (let end = days(28); end < series.length; end += DAY_HOURS) {
      const { hours } = await ahead(series.slice(0, end));
      within += hours.filter((hour, index) => outsideOf(hour, series[end + index] ?? 0) === null).length;
    }
    expect(within / days(10)).toBeGreaterThan(0.9);
  });

  it('that falls is expected to fall', async () => {
    const { hours } = await ahead(daily(days(28)).map((delta) => -delta));
    expect(Math.min(...hours.map(({ delta }) => delta))).toBeLessThan(-100);
    expect(isFinite(hours)).toBe(true);
  });

  it('whose changes are as large as they can be is told of in numbers', async () => {
    const { hours } = await ahead(daily(days(28)).map((delta, hour) => (hour % 2 === 0 ? 1 : -1) * delta * 2 ** 46));
    expect(isFinite(hours)).toBe(true);
  });
});

it('what is far from its place in the season is drawn in, and nothing else is', () => {
  const series = daily(days(28));
  const odd = [...series];
  odd[50] = 1_000_000;
  const { drawnIn, usual } = tame(odd, DAY_HOURS);
  expect(drawnIn[50]).toBeLessThan(1_000);
  for (const tamed of [drawnIn, usual]) expect(tamed.filter((value, hour) => value !== odd[hour])).toHaveLength(1);
});

it('what was odd for up to a day is not followed, in the hours after it', async () => {
  const series = daily(days(28));
  const { hours } = await ahead(series);
  for (const length of [1, DAY_HOURS]) {
    const odd = series.map((delta, hour) => (hour >= series.length - length ? Math.round(delta * 0.2) : delta));
    const after = (await ahead(odd)).hours;
    const moved = after.map(({ delta }, hour) => Math.abs(delta - (hours[hour]?.delta ?? 0)));
    expect(moved.reduce((sum, one) => sum + one, 0) / DAY_HOURS).toBeLessThan(20);
  }
});

describe('a bound', () => {
  const hours = Array.from({ length: WEEK_HOURS }, (_, hour) => ({
    atMs: hour * 3_600_000,
    delta: 10,
    low: 5,
    high: 15,
  }));

  it.each([
    [
      { value: 0, min: null, max: 95 },
      { bound: 'max', value: 95, atMs: 9 * 3_600_000 },
    ],
    [
      { value: 0, min: 0, max: null },
      { bound: 'min', value: 0, atMs: NaN },
    ],
    [{ value: 0, min: null, max: null }, null],
    [
      { value: 0, min: null, max: 1_690 },
      { bound: 'max', value: 1_690, atMs: WEEK_HOURS * 3_600_000 },
    ],
    [{ value: 0, min: null, max: 1_000_000_000 }, null],
  ])('of %j', (counter, reach) => {
    if (reach !== null && Number.isNaN(reach.atMs)) {
      // It rises, and a lower bound is behind it.
      expect(reachOf(counter, hours)).toBeNull();
      return;
    }
    expect(reachOf(counter, hours)).toEqual(reach);
  });
});
