/**
 * From hourly changes to what comes next. The model is augurs' (MSTL with ETS for what the seasons leave); around it stands
 * what a count needs: changes that never fall below 0 are looked at as their roots, whose spread is even; what was far
 * outside is left out or drawn in, so that one spike is not expected again; and the range is as wide as the last week would
 * have had to have it.
 */

/** What augurs is asked. */
export interface Fit {
  readonly series: readonly number[];
  /** Lengths of the seasons, in hours. */
  readonly seasons: readonly number[];
  readonly horizon: number;
  readonly level: number;
}

/** What it says, for each hour of the horizon. */
export interface Fitted {
  readonly point: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

export type RunModel = (fit: Fit) => Promise<Fitted>;

/** What is expected of an hour. */
export interface Expected {
  readonly delta: number;
  readonly low: number;
  readonly high: number;
}

export interface Expectation {
  readonly hours: readonly Expected[];
  readonly seasons: readonly ('day' | 'week')[];
  /** `constant`: nothing ever differed, and nothing was asked of a model. */
  readonly model: 'mstl-ets' | 'constant';
}

export const DAY_HOURS = 24;
export const WEEK_HOURS = 168;

/** Without two weeks no day of the week has come twice. */
export const FEWEST_HOURS = 14 * DAY_HOURS;

/** With four weeks a week's shape can be told from chance; what is older says less than it costs. */
const WEEKS_SEASON_HOURS = 4 * WEEK_HOURS;
export const BASIS_HOURS = 4 * WEEK_HOURS;

/** Of the basis, held back to see how wide the range has to be. */
const HELD_BACK_HOURS = WEEK_HOURS;

/** The model's own range is rather too narrow; what would be wider than this tells nothing. */
const WIDEST = 3;

/** Robust deviations beyond which a change counts as an accident. */
const FAR = 4;

/** What is over after so long was an accident; what is not may stay. */
const ACCIDENT_HOURS = 24;

/** Makes the median deviation that of a normal distribution. */
const MAD = 1.4826;

/** By which the root of a count that is often 0 is evened out (Anscombe). */
const ROOT_OFFSET = 3 / 8;

/**
 * What is expected of the next hours.
 *
 * @param series changes of hours by the clock, at least FEWEST_HOURS of them
 * @param horizon how many, at least 1
 * @param level how many of 1 should lie within the range
 */
export async function expect(
  series: readonly number[],
  horizon: number,
  level: number,
  run: RunModel,
): Promise<Expectation> {
  const basis = series.slice(-BASIS_HOURS);
  const [first = 0] = basis;
  if (basis.every((delta) => delta === first)) {
    const hour = { delta: first, low: first, high: first };
    return { hours: Array.from({ length: horizon }, () => hour), seasons: [], model: 'constant' };
  }
  const hasWeeks = basis.length >= WEEKS_SEASON_HOURS;
  const seasons = hasWeeks ? [DAY_HOURS, WEEK_HOURS] : [DAY_HOURS];
  const neverFell = basis.every((delta) => delta >= 0);
  const scale = neverFell ? ROOTS : PLAIN;
  const { drawnIn, usual } = tame(basis.map(scale.to), hasWeeks ? WEEK_HOURS : DAY_HOURS);
  const held = Math.max(0, basis.length - HELD_BACK_HOURS);
  const back = await run({ series: usual.slice(0, held), seasons, horizon: basis.length - held, level });
  const width = widthOf(drawnIn.slice(held), back, horizon, level);
  const ahead = await run({ series: usual, seasons, horizon, level });
  const hours = ahead.point.map((point, hour): Expected => {
    const low = point - width * (point - (ahead.lower[hour] ?? point));
    const high = point + width * ((ahead.upper[hour] ?? point) - point);
    return holdingWhole({ delta: scale.from(point), low: scale.from(low), high: scale.from(high) });
  });
  return { hours, seasons: hasWeeks ? ['day', 'week'] : ['day'], model: 'mstl-ets' };
}

/** On which side of its range an hour came to lie; null: within. */
export function outsideOf({ low, high }: Pick<Expected, 'low' | 'high'>, observed: number): 'above' | 'below' | null {
  if (observed > high) return 'above';
  return observed < low ? 'below' : null;
}

/** What comes is a whole number: a range that lies between two of them holds nothing that may come. */
function holdingWhole(hour: Expected): Expected {
  const { low, high } = hour;
  return Math.ceil(low) <= high ? hour : { ...hour, low: Math.floor(low), high: Math.ceil(high) };
}

interface Scale {
  readonly to: (delta: number) => number;
  readonly from: (value: number) => number;
}

/** To the thousandth: more is noise. */
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

const PLAIN: Scale = { to: (delta) => delta, from: rounded };

const ROOTS: Scale = {
  to: (delta) => Math.sqrt(delta + ROOT_OFFSET),
  from: (root) => (root <= 0 ? 0 : rounded(Math.max(0, root * root - ROOT_OFFSET))),
};

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

export interface Tamed {
  /** Each that lies far from the median of its place in the season drawn in to where it is just not. */
  readonly drawnIn: readonly number[];
  /**
   * What is fed to the model: what lies far away for up to a day is an accident, such as a holiday, and taken to have been
   * as usual, for a model would follow it; what lasts longer may stay, and is drawn in.
   */
  readonly usual: readonly number[];
}

/**
 * Takes the accidents out of a series, so that a model learns what is usual.
 *
 * @param season how many values it takes until the same place comes again
 */
export function tame(series: readonly number[], season: number): Tamed {
  const places = Array.from({ length: season }, (_, place) =>
    median(series.filter((_value, index) => index % season === place)),
  );
  const usual = (index: number): number => places[index % season] ?? 0;
  const away = series.map((value, index) => value - usual(index));
  const limit = FAR * MAD * median(away.map(Math.abs));
  // Where most places always held the same there is nothing to tell accidents by.
  if (limit === 0) return { drawnIn: series, usual: series };
  const lasted = runsBeyond(away, limit);
  const drawnIn = away.map((by, index) => usual(index) + Math.min(limit, Math.max(-limit, by)));
  return {
    drawnIn,
    usual: drawnIn.map((value, index) => {
      const hours = lasted[index] ?? 0;
      return hours > 0 && hours <= ACCIDENT_HOURS ? usual(index) : value;
    }),
  };
}

/** Of each, how many lie beyond a limit in one go with it; 0 of those that do not. */
function runsBeyond(away: readonly number[], limit: number): number[] {
  const lasted: number[] = [];
  for (let from = 0; from < away.length;) {
    let to = from;
    while (to < away.length && Math.abs(away[to] ?? 0) > limit) to += 1;
    for (let index = from; index < to; index += 1) lasted.push(to - from);
    if (to < away.length) lasted.push(0);
    from = to + 1;
  }
  return lasted;
}

/**
 * How many times as wide the range had to be for what was held back. Its hours, day by day, are held against the range of
 * the first hours: that of a week ahead is so wide that it would tell nothing of how wide tomorrow's has to be.
 */
function widthOf(actual: readonly number[], { point, lower, upper }: Fitted, horizon: number, level: number): number {
  const ratios = actual.map((value, hour) => {
    const middle = point[hour] ?? value;
    const ahead = hour % horizon;
    const half = Math.abs(((value < middle ? lower : upper)[ahead] ?? middle) - (point[ahead] ?? middle));
    return half > 0 ? Math.abs(value - middle) / half : 1;
  });
  ratios.sort((a, b) => a - b);
  // One more than were seen, for the hour to come is another one.
  const needed = ratios[Math.ceil(level * (ratios.length + 1)) - 1] ?? WIDEST;
  return Math.min(WIDEST, Math.max(1, needed));
}
