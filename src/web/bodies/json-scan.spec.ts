import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_COMMAS, MAX_LEVELS, scanJson } from './json-scan.js';

const scan = (text: string): number => scanJson(Buffer.from(text));

/** Counts by what JSON.parse makes of it. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  return inner.reduce<number>((sum, item) => sum + membersOf(item), Array.isArray(value) ? 0 : inner.length);
}

it('it counts the members of any JSON', () => {
  const shallow = fc.json({ maxDepth: MAX_LEVELS - 2 });
  fc.assert(fc.property(shallow, (text) => expect(scan(text)).toBe(membersOf(JSON.parse(text)))));
});

it.each(['"a:b"', '"\\":"', '"\\\\"', '"\\\\\\":"', '"{[,:"', '["ü:","🚀:"]'])(
  'what is in a string is none: %s',
  (text) => {
    expect(scan(text)).toBe(0);
  },
);

describe.each([
  ['[', ']'],
  ['{"a":', '}'],
])('levels of %s', (open, close) => {
  const nested = (levels: number) => open.repeat(levels) + '1' + close.repeat(levels);

  it('are as many as are taken, and not one more', () => {
    expect(() => scan(nested(MAX_LEVELS))).not.toThrow();
    expect(() => scan(nested(MAX_LEVELS + 1))).toThrow(`more than ${MAX_LEVELS} levels`);
  });
});

it('beside each other they are no levels', () => {
  expect(() => scan(`[${'[1],'.repeat(100)}[1]]`)).not.toThrow();
});

it('members and items are as many as are taken, and not one more', () => {
  expect(() => scan(`[${'1,'.repeat(MAX_COMMAS)}1]`)).not.toThrow();
  expect(() => scan(`[${'1,'.repeat(MAX_COMMAS + 1)}1]`)).toThrow('more members and items');
});

it('what is no JSON is scanned all the same', () => {
  for (const text of ['', '"', '"\\', ']]]]', '{{{:', ',']) expect(() => scan(text)).not.toThrow();
});

describe('a number is taken for the integer that it is', () => {
  const integers = [
    '1.0',
    '1e2',
    '0.1e1',
    '-0.0',
    '0e9',
    '120E-1',
    '9007199254740992.0',
    '9007199254740991.000',
    '1e400',
  ];

  it.each([...integers, '1.5', '4503599627370495.5', '1e-3'])('%s', (text) => {
    for (const body of [text, `[${text}]`, `{"by":${text},"and":true}`]) expect(() => scan(body)).not.toThrow();
  });

  const rounded = ['9007199254740990.6', '-4503599627370496.4', '1.00000000000000000001', '0.99999999999999999999'];

  it.each([...rounded, '1e-400', '10000000000000000000001e-22'])('and not where it would be rounded: %s', (text) => {
    for (const body of [text, `[ ${text} ]`, `{"by":${text}}`]) expect(() => scan(body)).toThrow('would be rounded');
    expect(() => scan(`{"${text}":"${text}"}`)).not.toThrow();
  });
});
