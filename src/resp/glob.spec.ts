import { describe, expect, it } from '@jest/globals';
import { literalPrefixOf, matcherOf } from './glob.js';

const CASES: readonly (readonly [pattern: string, matched: readonly string[], others: readonly string[]])[] = [
  ['*', ['', 'a', 'a:b'], []],
  ['', [''], ['a']],
  ['a', ['a'], ['', 'ab', 'A']],
  ['foo*', ['foo', 'foo:bar'], ['fo', 'xfoo']],
  ['*o*o', ['oo', 'foo', 'foobo'], ['o', 'foob']],
  ['h?llo', ['hello', 'h?llo'], ['hllo', 'heello']],
  ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'h[ae]llo']],
  ['h[^e]llo', ['hallo'], ['hello']],
  ['h[a-c]llo', ['hbllo'], ['hdllo']],
  ['h[c-a]llo', ['hbllo'], ['hdllo']],
  ['h\\*llo', ['h*llo'], ['hello']],
  ['h[\\]]llo', ['h]llo'], ['hello']],
  ['h[ab', ['ha'], ['h', 'hc']],
  ['a\\', ['a\\'], ['a']],
];

describe('patterns', () => {
  it.each(CASES)('%j', (pattern, matched, others) => {
    const matches = matcherOf(pattern);
    expect(matched.filter((text) => !matches(text))).toEqual([]);
    expect(others.filter((text) => matches(text))).toEqual([]);
  });

  it('never take long', () => {
    const matches = matcherOf(`${'a*'.repeat(200)}b`);
    const begin = performance.now();
    expect(matches('a'.repeat(255))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it('tell what every match begins with', () => {
    expect(literalPrefixOf('foo:*')).toBe('foo:');
    expect(literalPrefixOf('f\\*o?')).toBe('f*o');
    expect(literalPrefixOf('[a]b')).toBe('');
  });
});
