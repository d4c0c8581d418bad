import { describe, expect, it } from '@jest/globals';
import { wordsIn } from './inline-words.js';

describe('a line that somebody typed', () => {
  it('is split at spaces', () => {
    expect(wordsIn('  set a\t1  ')).toEqual(['set', 'a', '1']);
    expect(wordsIn(' \t ')).toEqual([]);
    expect(wordsIn('')).toEqual([]);
  });

  it('has words in quotes, which are no part of them', () => {
    expect(wordsIn('set "a b" 1')).toEqual(['set', 'a b', '1']);
    expect(wordsIn(`echo '"' "'" ''`)).toEqual(['echo', '"', "'", '']);
    expect(wordsIn('a"b c" d')).toEqual(['ab c', 'd']);
    expect(wordsIn(String.raw`"\x41\n\r\t\b\a\"\\\q\xzz" 'it\'s \n'`)).toEqual(['A\n\r\t\b\x07"\\qxzz', "it's \\n"]);
  });

  it('is none where a quote is left open, or closed within a word', () => {
    for (const line of ['"a', "'a", 'a "', '"a"b', "'a'b", '"a\\"', '""""', `"\\`]) expect(wordsIn(line)).toBeNull();
  });
});
