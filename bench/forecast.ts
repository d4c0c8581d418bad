/**
 * `npm run bench -- --forecast`: how good forecasts are on seeded series, and on public ones. Of each, the last 14 days are
 * held back, and each of those days is forecast from what was before it.
 */
import { readFileSync } from 'node:fs';
import { ForecastWorker } from '../src/counters/forecasts/forecast-worker.js';
import { BASIS_HOURS, DAY_HOURS, expect, WEEK_HOURS } from '../src/counters/forecasts/model.js';

const HELD_BACK_DAYS = 14;
const WEEKS = 10;
const SEEDS = [1, 2];
const LEVEL = 0.95;

interface Kind {
  readonly name: string;
  readonly perHour: number;
  readonly weekend: number;
  /** What it grows by over the whole series. */
  readonly trend: number;
  readonly noise: number;
  /** Whether every 23rd day is a holiday, at two fifths. */
  readonly holidays?: boolean;
  /** A day at three times the usual. */
  readonly launchDay?: number;
  /** Whether it falls as well. */
  readonly signed?: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'steady', perHour: 200, weekend: 0.6, trend: 0, noise: 0.1 },
  { name: 'growing', perHour: 100, weekend: 0.5, trend: 1, noise: 0.1 },
  { name: 'noisy', perHour: 500, weekend: 0.7, trend: 0.2, noise: 0.3 },
  { name: 'small', perHour: 3, weekend: 0.5, trend: 0, noise: 0 },
  { name: 'holidays', perHour: 300, weekend: 0.5, trend: 0.3, noise: 0.1, holidays: true },
  { name: 'a launch', perHour: 300, weekend: 0.6, trend: 0.1, noise: 0.1, launchDay: 50 },
  { name: 'up and down', perHour: 100, weekend: 0.6, trend: 0, noise: 0.1, signed: true },
];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() || 1e-12)) * Math.cos(2 * Math.PI * random());
}

function poisson(random: () => number, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  let [count, product] = [0, random()];
  for (const limit = Math.exp(-mean); product > limit; product *= random()) count += 1;
  return count;
}

/** The changes of hours of ten weeks. */
function seededSeries(kind: Kind, seed: number): number[] {
  const random = randomOf(seed);
  const hours = WEEKS * WEEK_HOURS;
  return Array.from({ length: hours }, (_, index) => {
    const hour = index % DAY_HOURS;
    const day = Math.floor(index / DAY_HOURS);
    const shape = 1 + 0.8 * Math.sin(((hour - 8) / 24) * 2 * Math.PI) + 0.15 * Math.sin((hour / 24) * 4 * Math.PI);
    let mean = kind.perHour * shape * (day % 7 >= 5 ? kind.weekend : 1) * (1 + (kind.trend * index) / hours);
    if (kind.holidays === true && day % 23 === 11) mean *= 0.4;
    if (kind.launchDay === day) mean *= 3;
    mean = Math.max(0, mean) * Math.exp(kind.noise * normal(random));
    return kind.signed === true
      ? Math.round(kind.perHour * 0.3 * normal(random) + mean - kind.perHour)
      : poisson(random, mean);
  });
}

/** Their files say whose they are, and what they count: ten weeks that begin on a Monday, chosen before they were judged. */
const PUBLIC = [
  { name: 'public: bikes', file: 'bikes.csv' },
  { name: 'public: bikes, to Christmas', file: 'bikes-at-christmas.csv' },
  { name: 'public: a road', file: 'road.csv' },
] as const;

/** The changes of hours; a line of the file is a day. */
function publicSeries(file: string): number[] {
  const lines = readFileSync(new URL(`./series/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(',').map(Number));
}

/** Prints a row for each kind of series. */
export async function benchForecasts(say: (line: string) => void): Promise<void> {
  const worker = new ForecastWorker();
  say(`| series | MASE against the same hour last week | within the ${LEVEL * 100} % range | ms for a forecast |`);
  say('| --- | --- | --- | --- |');
  for (const kind of KINDS) {
    const series = SEEDS.map((seed) => seededSeries(kind, seed));
    say(rowOf(kind.name, await judge(worker, series)));
  }
  for (const { name, file } of PUBLIC) say(rowOf(name, await judge(worker, [publicSeries(file)])));
  await worker.onApplicationShutdown();
}

interface Judgement {
  /** Of the mean error to that of "as in the same hour last week". */
  readonly mase: number;
  /** Of 1. */
  readonly within: number;
  readonly msForOne: number;
}

async function judge(worker: ForecastWorker, all: readonly (readonly number[])[]): Promise<Judgement> {
  const sum = { error: 0, naive: 0, within: 0, hours: 0, ms: 0, fits: 0 };
  for (const series of all) {
    for (let back = HELD_BACK_DAYS; back > 0; back -= 1) {
      const end = series.length - back * DAY_HOURS;
      const startedAtMs = performance.now();
      const basis = series.slice(Math.max(0, end - BASIS_HOURS), end);
      const { hours } = await expect(basis, DAY_HOURS, LEVEL, (fit) => worker.fit(fit));
      sum.ms += performance.now() - startedAtMs;
      sum.fits += 1;
      hours.forEach(({ delta, low, high }, hour) => {
        const actual = series[end + hour] ?? 0;
        sum.error += Math.abs(actual - delta);
        sum.naive += Math.abs(actual - (series[end + hour - WEEK_HOURS] ?? 0));
        sum.within += actual >= low && actual <= high ? 1 : 0;
        sum.hours += 1;
      });
    }
  }
  return { mase: sum.error / sum.naive, within: sum.within / sum.hours, msForOne: sum.ms / sum.fits };
}

function rowOf(name: string, { mase, within, msForOne }: Judgement): string {
  return `| ${name} | ${mase.toFixed(2)} | ${(100 * within).toFixed(1)} % | ${Math.round(msForOne)} |`;
}
