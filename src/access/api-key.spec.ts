import { describe, expect, it } from '@jest/globals';
import { idOfApiKey, newApiKey, newKeyId } from './api-key.js';

describe('a key', () => {
  it('carries its id, 256 random bits and a checksum, in characters that need no quoting anywhere', () => {
    const keys = new Set<string>();
    for (let round = 0; round < 1_000; round += 1) {
      const id = newKeyId();
      const key = newApiKey(id);
      expect(key).toMatch(/^ec_[0-9a-z]{13}_[0-9a-z]{57}$/);
      expect(idOfApiKey(key)).toBe(id);
      keys.add(key);
    }
    expect(keys.size).toBe(1_000);
    // 36^50 is above 2^256: no bit is cut off.
    expect(36n ** 50n).toBeGreaterThan(2n ** 256n);
  });

  it('is told from a key that was cut, mistyped or made up, without a look at any database', () => {
    const key = newApiKey(newKeyId());
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'a' ? 'b' : 'a';
      expect(idOfApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeNull();
    }
    for (const text of ['', 'ec_', key.slice(1), key.slice(0, -1), `${key}a`, ` ${key}`, key.toUpperCase()]) {
      expect(idOfApiKey(text)).toBeNull();
    }
  });
});
