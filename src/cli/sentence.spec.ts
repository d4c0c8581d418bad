import { expect, it } from '@jest/globals';
import { sentenceOf } from './sentence.js';

it('what is logged is told as a sentence, whatever it is logged as', () => {
  expect(sentenceOf('Redis answers again')).toBe('Redis answers again');
  expect(sentenceOf(new Error('no connection'))).toBe('no connection');
  expect(sentenceOf({ msg: 'Redis cannot be reached', reason: 'ECONNREFUSED' })).toBe(
    'Redis cannot be reached: ECONNREFUSED',
  );
  expect(sentenceOf({ msg: 'Redis cannot be reached', reason: null })).toBe('Redis cannot be reached');
});
