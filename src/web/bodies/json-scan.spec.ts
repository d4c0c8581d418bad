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
