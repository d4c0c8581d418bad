import { describe, expect, it } from '@jest/globals';
import { ProblemError } from '../web/problems/problem.js';
import { conditionOf, isNotModified, refuseCondition } from './preconditions.js';

describe('If-Match', () => {
  it.each<[string, number[]]>([
    ['"5"', [5]],
    ['"5","6"', [5, 6]],
    ['"5" ,\t"6"', [5, 6]],
    ['"5", , "6"', [5, 6]],
    [',"5",\t,,"6" ,', [5, 6]],
    ['W/"5"', [5]],
    ['W/"5", "6"', [5, 6]],
    // As nginx, Apache, Caddy and Jetty send them back.
    ['W/"5-gzip", "6-gzip", "7-br", "8-zstd", "9--gzip", "10;gzip"', [5, 6, 7, 8, 9, 10]],
    ['"5-x"', []],
    ['"5gzip"', []],
    ['"-gzip"', []],
    ['"5-gzip-gzip"', []],
    ['"05"', []],
    ['"5.0"', []],
    ['"-5"', []],
    ['"abc"', []],
    ['""', []],
    ['"a,b"', []],
    ['"99999999999999999999"', []],
  ])('%s names the versions %j, whatever it went through', (header, versions) => {
    expect(conditionOf({ 'if-match': header })).toEqual({ kind: 'matches', versions });
  });

  it.each(['', '5', '"5', '5"', '"5" "6"', '"5" "6",', ',', ' , ,', 'w/"5"', '"5"x', '*, "5"', '"a b"', '"\x7f"'])(
    '%j is broken',
    (header) => {
      expect(() => conditionOf({ 'if-match': header })).toThrow(ProblemError);
    },
  );

  it.each(['"1",', '"1",,', '"1" , \t', ' , '])('of a million times %j is read without a stumble', (part) => {
    expect(() => conditionOf({ 'if-match': `${part.repeat(1_000_000)}x` })).toThrow(ProblemError);
  });
});

it('* and nothing are conditions of their own', () => {
  expect(conditionOf({ 'if-match': '*' })).toEqual({ kind: 'exists' });
  expect(conditionOf({ 'if-none-match': '*' })).toEqual({ kind: 'absent' });
  expect(conditionOf({})).toBeNull();
});

it('an increment refuses both headers', () => {
  expect(() => refuseCondition({ 'if-match': '*' })).toThrow(ProblemError);
  expect(() => refuseCondition({ 'if-none-match': '*' })).toThrow(ProblemError);
  expect(() => refuseCondition({})).not.toThrow();
});

it('If-None-Match of a read is compared weakly', () => {
  for (const header of ['"5"', 'W/"5"', '"4", W/"5"', '"5-gzip"', '*']) expect(isNotModified(header, 5)).toBe(true);
  for (const header of [undefined, '"4"', '"55"', 'W/"05"']) expect(isNotModified(header, 5)).toBe(false);
  expect(() => isNotModified('5', 5)).toThrow(ProblemError);
});
