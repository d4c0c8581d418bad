/** What is wrong with a condition is told of the kind that its member names. */
import { expect, it } from '@jest/globals';
import { bodyOf } from '../web/bodies/validation.js';
import { WatchBody } from './watches.shapes.js';

it.each([
  [{ silent: 60 }, '/when/silent must be a length such as 30s, 5m, 1h or 2d.'],
  [{ silent: 'long' }, '/when/silent must be a length such as 30s, 5m, 1h or 2d.'],
  [{ rate: { above: 1 } }, '/when/rate/over must be a length such as 30s, 5m, 1h or 2d.'],
  [{ rate: '1h' }, '/when/rate must be a JSON object.'],
  [{ unexpected: { hours: 1.5 } }, '/when/unexpected/hours must be a whole number from 1 to 24.'],
  [{ unexpected: { hours: 25 } }, '/when/unexpected/hours must be a whole number from 1 to 24.'],
  [{ above: '1' }, /^\/when\/above must be an integer/],
  [{ below: 2 ** 53 }, /^\/when\/below must be an integer/],
  [{ silence: '1h' }, /^\/when must be one of /],
  [{ above: 1, below: 0 }, /^\/when must be one of /],
  ['1h', /^\/when must be one of /],
])('%j is told what it should be', (when, detail) => {
  expect(() => bodyOf(WatchBody, { body: { name: 'a', when } })).toThrow(detail);
});
