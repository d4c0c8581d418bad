import { describe, expect, it } from '@jest/globals';
import type { ApiKey } from '../store/api-keys.js';
import { digestOf } from './api-key.js';
import { coversName, EVERYTHING, grantOf, narrowed } from './grant.js';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const LATER = '2026-01-01T00:00:00.001Z';
const EARLIER = '2025-12-31T23:59:59.999Z';
const PRESENT = '2026-01-01T00:00:00.000Z';

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
  ...parts,
});

describe('a key allows what it was given', () => {
  it('to whom has its secret, and to nobody else', () => {
    expect(grantOf(key(), current, NOW)).toEqual({ keyId: 'id', scopes: new Set(['read']), prefix: 'shop:' });
    expect(grantOf(key(), previous, NOW)).toBeNull();
  });

  it('until it expires or is revoked', () => {
    expect(grantOf(key({ expiresAt: LATER }), current, NOW)).not.toBeNull();
    for (const expiresAt of [PRESENT, EARLIER]) expect(grantOf(key({ expiresAt }), current, NOW)).toBeNull();
    expect(grantOf(key({ revokedAt: EARLIER }), current, NOW)).toBeNull();
  });

  it('by two secrets while it is rotated, and then by the new one alone', () => {
    const rotated = (previousExpiresAt: string) => key({ previousDigest: previous, previousExpiresAt });
    expect(grantOf(rotated(LATER), previous, NOW)).not.toBeNull();
    expect(grantOf(rotated(PRESENT), previous, NOW)).toBeNull();
    expect(grantOf(rotated(EARLIER), current, NOW)).not.toBeNull();
    expect(grantOf({ ...rotated(LATER), revokedAt: EARLIER }, previous, NOW)).toBeNull();
    expect(grantOf({ ...rotated(LATER), expiresAt: EARLIER }, previous, NOW)).toBeNull();
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
