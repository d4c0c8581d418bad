/** Against a walk minute by minute that only looks at what the clocks of a place show. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { zoneOf, type Zone } from '../../domain/zone.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/time.js';
import { backFrom, beginOf, beginsBetween, type Interval, nextOf } from './intervals.js';

const zoneNamed = (name: string): Zone => {
  const zone = zoneOf(name);
  if (zone === null) throw new Error(`there is no zone ${name}`);
  return zone;
};

/** Around what is special about each: clocks set forth and back by an hour and by half of one, a day that never was. */
const PLACES: readonly (readonly [name: string, around: readonly string[]])[] = [
  ['UTC', ['2026-01-01']],
  ['Asia/Kolkata', ['2026-11-27']],
  ['Asia/Kathmandu', ['2026-12-31']],
  ['America/St_Johns', ['2026-03-08', '2026-11-01', '2010-11-07']],
  ['Australia/Lord_Howe', ['2026-04-05', '2026-10-04']],
  ['Pacific/Apia', ['2011-12-30']],
  ['America/Los_Angeles', ['2026-03-08', '2026-11-01']],
  ['America/Havana', ['2026-03-08', '2026-11-01']],
  ['Asia/Beirut', ['2026-03-29', '2026-10-25']],
];

const CASES = PLACES.flatMap(([name, around]) => around.map((day) => [name, day] as const));

const BEFORE_DAYS = 9;
const WALKED_DAYS = 14;

interface Shown {
  readonly date: string;
  readonly hour: string;
  readonly offset: string;
}

function shownIn(name: string): (ms: number) => Shown {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: name,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return (ms) => {
    const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      date: `${part['year']}-${part['month']}-${part['day']}`,
      hour: part['hour'] ?? '',
      offset: part['timeZoneName'] ?? '',
    };
  };
}

const mondayOf = (date: string): string => {
  const ms = Date.parse(date);
  return new Date(ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
};

/** When each interval begins, as somebody notes it who looks at the clock on the wall every minute. */
function walked(name: string, fromMs: number, toMs: number): Record<Exclude<Interval, 'minute'>, number[]> {
  const shown = shownIn(name);
  const begins = { hour: [] as number[], day: [] as number[], week: [] as number[], month: [] as number[] };
  let before = shown(fromMs - MINUTE_MS);
  /** A date that was seen has begun, though clocks that are set back may show the one before again. */
  let latest = before.date;
  for (let ms = fromMs; ms < toMs; ms += MINUTE_MS) {
    const present = shown(ms);
    const { date, hour, offset } = present;
    if (date !== before.date || hour !== before.hour || offset !== before.offset) begins.hour.push(ms);
    if (date > latest) {
      begins.day.push(ms);
      if (mondayOf(date) > mondayOf(latest)) begins.week.push(ms);
      if (date.slice(0, 7) > latest.slice(0, 7)) begins.month.push(ms);
      latest = date;
    }
    before = present;
  }
  return begins;
}

describe.each(CASES)('in %s around %s', (name, day) => {
  const zone = zoneNamed(name);
  const fromMs = Date.parse(day) - BEFORE_DAYS * DAY_MS;
  const toMs = fromMs + WALKED_DAYS * DAY_MS;
  const begins = walked(name, fromMs, toMs);

  it.each(['hour', 'day', 'week', 'month'] as const)('each %s begins when the clocks say so', (interval) => {
    const known = begins[interval];
    const [first = toMs] = known;
    // From one that was seen to begin, to the one that is running at the end.
    const all = first < toMs ? beginsBetween(interval, zone, first, toMs, 10_000) : [];
    expect(all).toEqual(known);
    if (first >= toMs) return;
    fc.assert(
      fc.property(fc.integer({ min: first, max: toMs - 1 }), (ms) => {
        const place = known.findLastIndex((begin) => begin <= ms);
        expect(beginOf(interval, zone, ms)).toBe(known[place]);
        const next = known[place + 1];
        if (next !== undefined) expect(nextOf(interval, zone, known[place] ?? NaN)).toBe(next);
        if (place > 0) expect(backFrom(interval, zone, known[place] ?? NaN, 1)).toBe(known[place - 1]);
      }),
      { numRuns: 200 },
    );
  });
});

const lengthsOf = (name: string, from: string, to: string): number[] => {
  const zone = zoneNamed(name);
  const begins = beginsBetween('day', zone, Date.parse(from), Date.parse(to), 100) ?? [];
  return begins.slice(1).map((begin, index) => (begin - (begins[index] ?? NaN)) / HOUR_MS);
};

it('days have 23, 25, 23.5 and 24.5 hours where clocks are set, and one is not there', () => {
  expect(lengthsOf('America/Los_Angeles', '2026-03-07T12:00Z', '2026-03-11T12:00Z')).toEqual([24, 23, 24, 24]);
  expect(lengthsOf('America/Los_Angeles', '2026-10-31T12:00Z', '2026-11-03T12:00Z')).toEqual([24, 25, 24]);
  expect(lengthsOf('Australia/Lord_Howe', '2026-10-02T18:00Z', '2026-10-05T18:00Z')).toEqual([24, 23.5, 24]);
  expect(lengthsOf('Australia/Lord_Howe', '2026-04-03T18:00Z', '2026-04-06T18:00Z')).toEqual([24, 24.5, 24]);
  expect(lengthsOf('Pacific/Apia', '2011-12-28T12:00Z', '2012-01-01T12:00Z')).toEqual([24, 24, 24, 24]);
});

it('is none where there are more than are wanted, without counting them', () => {
  const zone = zoneNamed('Asia/Kolkata');
  expect(beginsBetween('minute', zone, Date.parse('0001-01-01'), Date.parse('2026-01-01'), 2_000)).toBeNull();
  expect(beginsBetween('minute', zone, 0, 2_000 * MINUTE_MS, 2_000)).toHaveLength(2_000);
  expect(beginsBetween('minute', zone, 0, 2_000 * MINUTE_MS + 1, 2_000)).toBeNull();
});

it('a zone is one of the list, in any case, and no number', () => {
  for (const name of ['UTC', 'Asia/Calcutta', 'asia/kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5']) {
    expect([name, zoneOf(name)?.name]).toEqual([name, name]);
  }
  for (const name of ['', 'Mars/Base', '+05:30', '../etc/passwd', 'UTC ', 'Asia/', 'Ä']) {
    expect([name, zoneOf(name)]).toEqual([name, null]);
  }
});
