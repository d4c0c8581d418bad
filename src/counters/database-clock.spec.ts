import { expect, it } from '@jest/globals';
import { HandClock } from '../../test/support/hand-clock.js';
import { DatabaseClock } from './database-clock.js';

const at = (ms: number): string => new Date(ms).toISOString();

/** The database said "1000", somewhere between 0 and 100 by the monotonic clock; now it is 100 there. */
function asked() {
  const clock = new HandClock();
  const database = new DatabaseClock(clock);
  clock.pass(100);
  database.note(1_000, 0, 100);
  return { clock, database };
}

it('takes the middle of question and answer for the moment of which the database told', () => {
  expect(asked().database.nowMs()).toBe(1_050);
});

it('a moment that may have come is past: the database may have told of it as soon as it was asked', () => {
  const { clock, database } = asked();
  expect(database.isPast(at(1_000))).toBe(true);
  expect(database.isPast(at(1_090))).toBe(true);
  expect(database.isPast(at(1_110))).toBe(false);
  clock.pass(10);
  expect(database.isPast(at(1_110))).toBe(true);
});

it('nothing is past that has no end, and nothing before the database has answered', () => {
  expect(asked().database.isPast(null)).toBe(false);
  expect(new DatabaseClock(new HandClock()).isPast(at(0))).toBe(false);
});
