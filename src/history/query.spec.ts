/** A date in a question is a day of the zone that the question names. */
import { describe, expect, it } from '@jest/globals';
import { HistoryQuery, rangeOf } from './query.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');

function asked(query: Readonly<Record<string, string>>): string[] {
  const { begins } = rangeOf(HistoryQuery.parse(query), NOW_MS);
  return begins.map((ms) => new Date(ms).toISOString().slice(0, 16));
}

const HALF_AN_HOUR_LESS = ['2026-10-02T13:30', '2026-10-03T13:30', '2026-10-04T13:00'];

describe.each([
  ['UTC', '2026-11-10', '2026-11-12', ['2026-11-10T00:00', '2026-11-11T00:00']],
  ['America/Santiago', '2026-11-10', '2026-11-12', ['2026-11-10T03:00', '2026-11-11T03:00']],
  ['Asia/Kolkata', '2026-11-10', '2026-11-12', ['2026-11-09T18:30', '2026-11-10T18:30']],
  ['Australia/Lord_Howe', '2026-10-03', '2026-10-06', HALF_AN_HOUR_LESS],
  // A day that begins at one, for the clocks are set forth at midnight.
  ['America/Santiago', '2026-09-06', '2026-09-07', ['2026-09-06T04:00']],
])('in %s', (tz, from, to, begins) => {
  it(`from ${from} to ${to} are its days`, () => {
    expect(asked({ tz, from, to, interval: 'day' })).toEqual(begins);
  });
});

it('a moment is the same in each zone', () => {
  const query = { from: '2026-11-10T00:00:00Z', to: '2026-11-10T02:00:00Z', interval: 'hour' };
  for (const tz of ['UTC', 'America/Santiago']) {
    expect(asked({ ...query, tz })).toEqual(['2026-11-10T00:00', '2026-11-10T01:00']);
  }
});

it('the day to come is told up to now, and none begins after that', () => {
  expect(asked({ tz: 'America/Santiago', from: '2026-11-28', to: '2026-11-30', interval: 'day' })).toHaveLength(1);
  expect(() => asked({ tz: 'America/Santiago', from: '2026-11-29' })).toThrow(/in the past/);
});
