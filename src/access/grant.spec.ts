import { describe, expect, it } from '@jest/globals';
import type { ApiKey } from '../store/api-keys.js';
import { digestOf } from './api-key.js';
import { coversName, EVERYTHING, grantOf, narrowed } from './grant.js';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const LATER = '2026-01-01T00:00:00.001Z';
const EARLIER = '2025-12-31T23:59:59.999Z';
const PRESENT = '2026-01-01T00:00:00.000Z';

const NAMES_PER_KEY = 100;

const current = digestOf('current');
const previous = digestOf('previous');

const key = (parts: Partial<ApiKey> = {}): ApiKey => ({
  id: 'id',
  label: 'label',
  scopes: ['read'],
  prefix: 'shop:',
  digest: current,
  previousDigest: null,
  previousExpiresAt: null,
  createdAt: EARLIER,
  rotatedAt: null,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  maxNames: null,
  origins: [],
  perSecond: null,
  namesCreated: 7,
  ...parts,
});

describe('a key allows what it was given', () => {
  it('to whom has its secret, and to nobody else', () => {
    expect(grantOf(key(), current, NOW, NAMES_PER_KEY)).toEqual({
      keyId: 'id',
      scopes: new Set(['read']),
      prefix: 'shop:',
      origins: [],
      pace: null,
      creator: { keyId: 'id', maxNames: NAMES_PER_KEY, names: 7 },
    });
    expect(grantOf(key(), previous, NOW, NAMES_PER_KEY)).toBeNull();
  });

  it('until it expires or is revoked', () => {
    expect(grantOf(key({ expiresAt: LATER }), current, NOW, NAMES_PER_KEY)).not.toBeNull();
    for (const expiresAt of [PRESENT, EARLIER])
      expect(grantOf(key({ expiresAt }), current, NOW, NAMES_PER_KEY)).toBeNull();
    expect(grantOf(key({ revokedAt: EARLIER }), current, NOW, NAMES_PER_KEY)).toBeNull();
  });

  it('by two secrets while it is rotated, and then by the new one alone', () => {
    const rotated = (previousExpiresAt: string) => key({ previousDigest: previous, previousExpiresAt });
    expect(grantOf(rotated(LATER), previous, NOW, NAMES_PER_KEY)).not.toBeNull();
    expect(grantOf(rotated(PRESENT), previous, NOW, NAMES_PER_KEY)).toBeNull();
    expect(grantOf(rotated(EARLIER), current, NOW, NAMES_PER_KEY)).not.toBeNull();
    expect(grantOf({ ...rotated(LATER), revokedAt: EARLIER }, previous, NOW, NAMES_PER_KEY)).toBeNull();
    expect(grantOf({ ...rotated(LATER), expiresAt: EARLIER }, previous, NOW, NAMES_PER_KEY)).toBeNull();
  });
});

describe('names are brought into being', () => {
  const creatorOf = (parts: Partial<ApiKey>) => grantOf(key(parts), current, NOW, NAMES_PER_KEY)?.creator;

  it('as many as the key says, else the configuration', () => {
    expect([0, 3, null].map((maxNames) => creatorOf({ maxNames })?.maxNames)).toEqual([0, 3, NAMES_PER_KEY]);
  });

  it('without a limit by whoever may operate the service', () => {
    expect(creatorOf({ scopes: ['write', 'admin'], maxNames: 3 })).toBeNull();
  });
});

describe('a prefix', () => {
  const bound = { ...EVERYTHING, prefix: 'shop:' };

  it('bounds names from their first character on', () => {
    for (const name of ['shop:', 'shop:a', 'shop:shop:']) expect(coversName(bound, name)).toBe(true);
    for (const name of ['shop', 'Shop:a', ' shop:a', 'a:shop:', '']) expect(coversName(bound, name)).toBe(false);
  });

  it('narrows what is asked for, or leaves nothing of it', () => {
    const asked = ['', 'sh', 'shop:', 'shop:a', 'shop;', 'x'];
    expect(asked.map((prefix) => narrowed(bound, prefix))).toEqual(['shop:', 'shop:', 'shop:', 'shop:a', null, null]);
    expect(narrowed(EVERYTHING, 'x')).toBe('x');
  });
});
