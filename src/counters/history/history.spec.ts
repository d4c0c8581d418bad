import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { beginOf, keptFromMs, MAX_POINTS, pointsOf } from './history.js';

const MINUTE_MS = 60_000;
const range = (count: number) => ({ interval: 'minute', fromMs: 0, toMs: count * MINUTE_MS }) as const;

describe('the points of a history', () => {
  it('fill every gap, and begin with the first change where nothing was before', () => {
    const known = [
      { atMs: MINUTE_MS, value: 5, version: 2 },
      { atMs: 3 * MINUTE_MS, value: 1, version: 9 },
    ];
    expect(pointsOf(known, range(5))).toEqual([
      { atMs: 1 * MINUTE_MS, delta: 5n, value: 5 },
      { atMs: 2 * MINUTE_MS, delta: 0n, value: 5 },
      { atMs: 3 * MINUTE_MS, delta: -4n, value: 1 },
      { atMs: 4 * MINUTE_MS, delta: 0n, value: 1 },
    ]);
  });

  it('begin with the range where there was a value before', () => {
    const points = pointsOf([{ atMs: null, value: 7, version: 1 }], range(2));
    expect(points).toEqual([
      { atMs: 0, delta: 0n, value: 7 },
      { atMs: MINUTE_MS, delta: 0n, value: 7 },
    ]);
  });

  it('are none where nothing is known', () => expect(pointsOf([], range(5))).toEqual([]));

  it('pass over an earlier version at a later time, which a clock that was set back leaves behind', () => {
    const known = [
      { atMs: 0, value: 30, version: 3 },
      { atMs: MINUTE_MS, value: 20, version: 2 },
    ];
    expect(pointsOf(known, range(3)).map(({ value }) => value)).toEqual([30, 30, 30]);
  });

  it('have deltas that add up to what was gained, whatever the values are', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.maxSafeInteger()), { minLength: 1 });
    fc.assert(
      fc.property(points, fc.option(fc.maxSafeInteger()), (changes, before) => {
        const byMinute = [...new Map(changes)].sort(([a], [b]) => a - b);
        const known = byMinute.map(([minute, value], index) => ({
          atMs: minute * MINUTE_MS,
          value,
          version: index + 2,
        }));
        const base = before === null ? [] : [{ atMs: null, value: before, version: 1 }];
        const filled = pointsOf([...base, ...known], range(100));
        const gained = filled.reduce((sum, { delta }) => sum + delta, 0n);
        expect(gained).toBe(BigInt(known.at(-1)?.value ?? 0) - BigInt(before ?? 0));
        expect(filled).toHaveLength(100 - (before === null ? (byMinute[0]?.[0] ?? 0) : 0));
      }),
    );
  });
});

it('intervals begin in UTC, before 1970 too', () => {
  expect(beginOf('day', Date.parse('2026-01-02T03:04:05Z'))).toBe(Date.parse('2026-01-02'));
  expect(beginOf('hour', -1)).toBe(-3_600_000);
});

it('what is kept begins with a coarser interval, and days are kept for ever', () => {
  const keeping = { minutesKeptHours: 24, hoursKeptDays: 90 };
  const now = Date.parse('2026-04-10T10:20:30Z');
  expect(keptFromMs('minute', keeping, now)).toBe(Date.parse('2026-04-09T10:00:00Z'));
  expect(keptFromMs('hour', keeping, now)).toBe(Date.parse('2026-01-10T00:00:00Z'));
  expect(keptFromMs('day', keeping, now)).toBe(-Infinity);
  expect(MAX_POINTS).toBeGreaterThan(24 * 60);
});
