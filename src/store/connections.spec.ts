import { isoOf, sharesOf } from './connections.js';

describe('a time from Postgres', () => {
  it.each([
    ['2026-01-02 03:04:05+00', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04:05.1+00', '2026-01-02T03:04:05.100Z'],
    ['2026-01-02 03:04:05.12+00', '2026-01-02T03:04:05.120Z'],
    ['2026-01-02 03:04:05.123+00', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02 03:04:05.123456+00', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02 04:04:05.123456+01', '2026-01-02T03:04:05.123Z'],
    ['2026-01-01 23:34:05-03:30', '2026-01-02T03:04:05.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(isoOf(text)).toBe(expected);
  });
});

it.each(['02.01.2026 03:04:05.123456 CET', '01/02/2026 03:04:05 UTC', '1890-01-01 03:04:05-03:30:52', 'infinity'])(
  '%s is not taken for a time',
  (text) => {
    expect(() => isoOf(text)).toThrow(text);
  },
);

describe('the connections of one instance', () => {
  it.each([
    [6, 1],
    [7, 1],
    [7, 2],
    [10, 4],
    [10, 5],
    [100, 64],
  ])('of %i are all shared out, and each of %i lanes and everybody else has one', (poolSize, lanes) => {
    const { guard, commits, decisions, access, fills, general } = sharesOf({ poolSize, lanes });
    expect(commits).toBe(lanes);
    const shares = [guard, commits, decisions, access, fills, general];
    expect(shares.reduce((all, share) => all + share)).toBe(poolSize);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(1);
  });
});
