import { describe, expect, it } from '@jest/globals';
import { CallerBuckets, MAX_CALLERS } from './caller-buckets.js';
import { networkOf } from './network.js';
import { TokenBucket } from './token-bucket.js';

const POLICY = { name: 'key', quota: 20, windowSeconds: 10 };

const takes = (bucket: TokenBucket, nowMs: number) => {
  let count = 0;
  while (bucket.take(nowMs)) count += 1;
  return count;
};

describe('a caller', () => {
  it('may ask for the quota at once, and then for as much as comes back', () => {
    const bucket = new TokenBucket(POLICY, 0);
    expect(takes(bucket, 0)).toBe(20);
    expect([bucket.left, bucket.secondsToOne, bucket.secondsToFull]).toEqual([0, 1, 10]);
    expect(takes(bucket, 499)).toBe(0);
    expect(takes(bucket, 500)).toBe(1);
    expect(takes(bucket, 5_500)).toBe(10);
    expect(takes(bucket, 1_000_000)).toBe(20);
  });

  it('pays later for what was more than there was, for a window at most', () => {
    const bucket = new TokenBucket(POLICY, 0);
    bucket.charge(1_000_000, 0);
    expect(bucket.secondsToOne).toBe(11);
    expect(takes(bucket, 10_400)).toBe(0);
    expect(takes(bucket, 10_500)).toBe(1);
  });

  it('is told of what other instances let through, but not of what was before a flush', () => {
    const buckets = new CallerBuckets(POLICY);
    const bucket = buckets.of('a', 0);
    const learn = (total: number, own: number, nowMs: number) => {
      bucket.isFull(nowMs);
      buckets.learn('a', total, own, nowMs);
      return bucket.left;
    };
    expect(learn(1_000, 1, 0)).toBe(20);
    expect(learn(1_007, 2, 0)).toBe(15);
    expect(learn(3, 3, 0)).toBe(15);
    expect(learn(10, 0, 0)).toBe(8);
    // Learned too long ago to say anything about now.
    expect(learn(1_000, 0, 5_000)).toBe(18);
  });
});

it('callers without number cost no more memory than so many, and take nothing from those who were there', () => {
  const buckets = new CallerBuckets(POLICY);
  for (let caller = 0; caller < 2 * MAX_CALLERS; caller += 1) buckets.of(String(caller), 0).take(0);
  expect(buckets.size).toBe(MAX_CALLERS);
  expect(takes(buckets.of('0', 0), 0)).toBe(19);
  buckets.forgetFull(10_000);
  expect(buckets.size).toBeLessThanOrEqual(1);
});

it('an address is one caller, and so is whatever its owner can choose of it', () => {
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8:1:2::9')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8::9')).toBe('2001:db8:0:0::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
});
