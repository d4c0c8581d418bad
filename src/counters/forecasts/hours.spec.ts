import { describe, expect, it } from '@jest/globals';
import { zoneOf } from '../../domain/zone.js';
import { HOUR_MS } from '../../domain/time.js';
import { byTheClock, type HourlyChange, shownHour } from './hours.js';

function berlin() {
  const zone = zoneOf('Europe/Berlin');
  if (zone === null) throw new Error('the engine knows no zones');
  return zone;
}

/** Each hour gains what the clock shows: 0 to 23. */
function shown(from: string, count: number): HourlyChange[] {
  return Array.from({ length: count }, (_, hour) => {
    const atMs = Date.parse(from) + hour * HOUR_MS;
    return { atMs, delta: ((shownHour(berlin(), atMs) % 24) + 24) % 24 };
  });
}

describe('hours by the clock', () => {
  it('of a day of 23 hours are 24: the one that is jumped over is what lies around it', () => {
    // 29 March 2026: from 02:00 to 03:00.
    const series = byTheClock(shown('2026-03-28T23:00:00Z', 23), berlin());
    expect(series).toHaveLength(24);
    expect(series).toEqual([0, 1, 2, ...Array.from({ length: 21 }, (_, hour) => hour + 3)]);
  });

  it('of a day of 25 hours are 24: of the one that comes twice it is the mean', () => {
    // 25 October 2026: 02:00 comes twice.
    const hours = shown('2026-10-24T22:00:00Z', 25);
    const series = byTheClock(
      hours.map((hour, index) => (index === 3 ? { ...hour, delta: 4 } : hour)),
      berlin(),
    );
    expect(series).toHaveLength(24);
    expect(series[2]).toBe(3);
    expect(series[12]).toBe(12);
  });

  it('of nothing are none', () => {
    expect(byTheClock([], berlin())).toEqual([]);
  });
});
