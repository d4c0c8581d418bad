import { describe, expect, it } from '@jest/globals';
import { judge, policyOf } from './eviction-policy.js';

describe('the eviction policy', () => {
  it.each([
    ['allkeys-lru', 'refused'],
    ['allkeys-random', 'refused'],
    ['volatile-ttl', 'risky'],
    ['noeviction', 'fine'],
    [null, 'fine'],
  ])('%s is %s', (policy, verdict) => expect(judge(policy)).toBe(verdict));

  it('is read from what Redis says of its memory', () => {
    expect(policyOf('# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lfu\r\nx:1\r\n')).toBe('allkeys-lfu');
    expect(policyOf('# Memory\r\nused_memory:1\r\n')).toBeNull();
  });
});
