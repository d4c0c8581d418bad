import fc from 'fast-check';
import { bucketOf } from './bucket.js';

/** FNV-1a and the end of MurmurHash3 over bytes, as their authors wrote them down, in numbers that cannot overflow. */
function referenceOf(name: string): number {
  let hash = 0x811c9dc5n;
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(32, (hash ^ BigInt(byte)) * 0x01000193n);
  hash = BigInt.asUintN(32, (hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = BigInt.asUintN(32, (hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}

describe('the bucket of a name', () => {
  it('is what it always was, for others may have stored by it', () => {
    expect(['a', 'counter-0', 'counter-1', 'ä', '計數', '😀'].map((name) => bucketOf(name, 1_000_003))).toEqual(
      ['a', 'counter-0', 'counter-1', 'ä', '計數', '😀'].map((name) => referenceOf(name) % 1_000_003),
    );
    expect(bucketOf('a', 64)).toBe(51);
  });

  it('goes by the bytes of the name, whatever is in it', () => {
    const property = fc.property(fc.string({ unit: 'grapheme', maxLength: 64 }), (name) => {
      fc.pre(!/\p{Surrogate}/u.test(name));
      expect(bucketOf(name, 2 ** 31)).toBe(referenceOf(name) % 2 ** 31);
    });
    fc.assert(property);
  });

  it('is the only one where there is one', () => {
    expect(bucketOf('anything', 1)).toBe(0);
  });

  it.each([2, 3, 4, 7, 8, 64])('is as likely as each other of %i, also for names that are alike', (buckets) => {
    const names = Array.from({ length: 20_000 }, (_, index) => `user:${index}:clicks`);
    const sizes = new Array<number>(buckets).fill(0);
    for (const name of names) sizes[bucketOf(name, buckets)] = (sizes[bucketOf(name, buckets)] ?? 0) + 1;
    const fair = names.length / buckets;
    for (const size of sizes) expect(Math.abs(size - fair)).toBeLessThan(6 * Math.sqrt(fair));
  });
});
