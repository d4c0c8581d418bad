import { describe, expect, it } from '@jest/globals';
import { zoneOf } from '../../domain/zone.js';
import { overOf, periodOf } from './periods.js';

const period = (text: string, zoneName: string, now: string) => {
  const [over, zone] = [overOf(text), zoneOf(zoneName)];
  if (over === null || zone === null) throw new Error('no such period or zone');
  const { fromMs, toMs, interval } = periodOf(over, zone, Date.parse(now));
  const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  return [iso(fromMs), toMs === null ? 'now' : iso(toMs), interval];
};

describe('in Asia/Kolkata at 00:40 on Monday, 1 June', () => {
  it.each([
    ['today', '2026-05-31T18:30', 'now', 'hour'],
    ['yesterday', '2026-05-30T18:30', '2026-05-31T18:30', 'hour'],
    ['thisWeek', '2026-05-31T18:30', 'now', 'hour'],
    ['thisMonth', '2026-05-31T18:30', 'now', 'day'],
    ['1h', '2026-05-31T18:11', 'now', 'minute'],
    ['PT1H', '2026-05-31T18:11', 'now', 'minute'],
    ['24h', '2026-05-30T19:30', 'now', 'hour'],
    ['1d', '2026-05-30T19:30', 'now', 'hour'],
    ['7d', '2026-05-24T19:30', 'now', 'hour'],
    ['P1W', '2026-05-24T19:30', 'now', 'hour'],
    ['30d', '2026-05-02T18:30', 'now', 'day'],
    ['P30D', '2026-05-02T18:30', 'now', 'day'],
  ])('"%s" is from %s to %s, by %s', (over, ...expected) => {
    expect(period(over, 'Asia/Kolkata', '2026-05-31T19:10:20Z')).toEqual(expected);
  });
});

it('where clocks were set, today and yesterday are as long as they are', () => {
  expect(period('today', 'America/Los_Angeles', '2026-03-08T20:00:00Z')[0]).toBe('2026-03-08T08:00');
  expect(period('yesterday', 'America/Los_Angeles', '2026-03-09T20:00:00Z').slice(0, 2)).toEqual([
    '2026-03-08T08:00',
    '2026-03-09T07:00',
  ]);
  expect(period('yesterday', 'America/Los_Angeles', '2026-11-02T20:00:00Z').slice(0, 2)).toEqual([
    '2026-11-01T07:00',
    '2026-11-02T08:00',
  ]);
});

it('a period is a name or a length that always lasts as long', () => {
  expect(overOf('P1DT12H')).toEqual({ lengthMs: 36 * 3_600_000 });
  expect(overOf('90m')).toEqual({ lengthMs: 90 * 60_000 });
  expect(overOf('2000d')).toEqual({ lengthMs: 2_000 * 86_400_000 });
  for (const text of ['', '0h', '2001d', '1h30m', '1.5h', '-1h', '24', 'h', 'P', 'PT', 'P1M', 'P1Y', 'PT1S', 'Today']) {
    expect([text, overOf(text)]).toEqual([text, null]);
  }
});
