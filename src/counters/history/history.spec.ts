import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UTC, zoneOf } from '../../domain/zone.js';
import { MINUTE_MS } from '../../domain/time.js';
import { hoursFromMs, keptFromMs, MAX_POINTS, pointsOf } from './history.js';

const range = (count: number) => ({ begins: Array.from({ length: count }, (_, index) => index * MINUTE_MS) });

describe('the points of a history', () => {
  it('fill every gap, and begin with the first change where nothing was before', () => {
    const known = [
      { place: 1, value: 5, version: 2 },
      { place: 3, value: 1, version: 9 },
    ];
    const points = [
      { atMs: 1 * MINUTE_MS, delta: 5n, value: 5 },
      { atMs: 2 * MINUTE_MS, delta: 0n, value: 5 },
      { atMs: 3 * MINUTE_MS, delta: -4n, value: 1 },
      { atMs: 4 * MINUTE_MS, delta: 0n, value: 1 },
    ];
    expect(pointsOf(known, range(5), 'first')).toEqual(points);
    expect(pointsOf(known, range(5), 'begin')).toEqual([{ atMs: 0, delta: 0n, value: 0 }, ...points]);
  });

  it('begin with the range where there was a value before', () => {
    for (const from of ['first', 'begin'] as const) {
      expect(pointsOf([{ place: null, value: 7, version: 1 }], range(2), from)).toEqual([
        { atMs: 0, delta: 0n, value: 7 },
        { atMs: MINUTE_MS, delta: 0n, value: 7 },
      ]);
    }
  });

  it('are none where nothing is known', () => expect(pointsOf([], range(5), 'first')).toEqual([]));

  it('pass over an earlier version at a later time, which a clock that was set back leaves behind', () => {
    const known = [
      { place: 0, value: 30, version: 3 },
      { place: 1, value: 20, version: 2 },
    ];
    expect(pointsOf(known, range(3), 'first').map(({ value }) => value)).toEqual([30, 30, 30]);
  });

  it('have deltas that add up to what was gained, whatever the values are', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.maxSafeInteger()), { minLength: 1 });
    fc.assert(
      fc.property(points, fc.option(fc.maxSafeInteger()), (changes, before) => {
        const byMinute = [...new Map(changes)].sort(([a], [b]) => a - b);
        const known = byMinute.map(([minute, value], index) => ({
          place: minute,
          value,
          version: index + 2,
        }));
        const base = before === null ? [] : [{ place: null, value: before, version: 1 }];
        const filled = pointsOf([...base, ...known], range(100), 'first');
        const gained = filled.reduce((sum, { delta }) => sum + delta, 0n);
        expect(gained).toBe(BigInt(known.at(-1)?.value ?? 0) - BigInt(before ?? 0));
        expect(filled).toHaveLength(100 - (before === null ? (byMinute[0]?.[0] ?? 0) : 0));
      }),
    );
  });
});

describe('what is kept', () => {
  const now = Date.parse('2026-04-10T10:20:30Z');
  const keeping = { minutesKeptHours: 24, hoursKeptDays: 90, zone: UTC };
  const kolkata = { ...keeping, zone: zoneOf('Asia/Kolkata') ?? UTC };

  it('begins with a coarser row', () => {
    expect(keptFromMs('minute', keeping, now)).toBe(Date.parse('2026-04-09T10:00:00Z'));
    expect(keptFromMs('hour', keeping, now)).toBe(Date.parse('2026-01-10T00:00:00Z'));
    expect(keptFromMs('hour', kolkata, now)).toBe(Date.parse('2026-01-09T18:30:00Z'));
    expect(MAX_POINTS).toBeGreaterThan(24 * 60);
  });

  it('is no more than there is, where it was kept for a shorter time until now', () => {
    const [hoursMs, daysMs] = [Date.parse('2026-03-01T07:00Z'), Date.parse('2026-02-01')];
    expect(hoursFromMs(keeping, { hoursMs, daysMs }, now)).toBe(Date.parse('2026-03-01'));
    expect(hoursFromMs(kolkata, { hoursMs, daysMs }, now)).toBe(Date.parse('2026-02-28T18:30Z'));
    // A service that has not run for longer has all of its hours.
    const all = { hoursMs, daysMs: Date.parse('2026-03-01') };
    expect(hoursFromMs(keeping, all, now)).toBe(keptFromMs('hour', keeping, now));
  });
});
