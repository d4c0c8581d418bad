import { describe, expect, it } from '@jest/globals';
import { decodeEntry, type Entry, entryOf } from '../../cache/entry.js';
import type { Counter, Truth } from '../../domain/counter.js';
import { compare, driftOf } from './drift.js';

const counter: Counter = {
  name: 'a',
  value: 15,
  version: 10,
  min: null,
  max: null,
  expiresAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:05.000Z',
};
const absence: Truth = { name: 'a', value: null, version: 11 };
const identity = { digest: '0123456789abcdef01234567' };
const planted = (rest: string): Entry =>
  decodeEntry(`E${identity.digest} ${rest}`, identity) ?? { version: 0, json: null };

describe('an entry beside the truth', () => {
  it('is the same only with the same version and the same body', () => {
    expect(compare(entryOf(counter), counter)).toBe('same');
    expect(compare(entryOf(absence), absence)).toBe('same');
    expect(compare(entryOf({ name: 'a', value: null, version: 0 }), { name: 'a', value: null, version: 0 })).toBe(
      'same',
    );
  });

  it('is older with a smaller version, whatever its body', () => {
    expect(compare(entryOf(counter), absence)).toBe('older');
    expect(compare(entryOf(counter), { ...counter, version: 11 })).toBe('older');
  });

  it('is as good as an absence at a higher version, where it is an absence', () => {
    expect(compare(entryOf({ ...absence, version: 3 }), absence)).toBe('same');
    expect(compare(entryOf({ ...absence, version: 12 }), absence)).toBe('wrong');
  });

  it('is wrong with a version that was not given out, or another body under the same version', () => {
    expect(compare(entryOf(absence), counter)).toBe('wrong');
    expect(compare(entryOf({ ...counter, value: 16 }), counter)).toBe('wrong');
    expect(compare(entryOf({ ...counter, max: 20 }), counter)).toBe('wrong');
    expect(compare({ version: 10, json: null }, counter)).toBe('wrong');
  });

  it.each(['', ' ', 'nonsense', '10', 'NaN {"value":15}', '{}'])('is wrong when it is no entry at all: %j', (text) => {
    expect(compare(planted(text), counter)).not.toBe('same');
    expect(() => JSON.stringify(driftOf('wrong', planted(text), counter, 0))).not.toThrow();
  });
});

describe('drift', () => {
  it('tells counter, cached, true and age', () => {
    const now = Date.parse(counter.updatedAt) + 250;
    expect(driftOf('wrong', entryOf({ ...counter, value: 99 }), counter, now)).toEqual({
      name: 'a',
      kind: 'wrong',
      cached: { version: 10, value: 99 },
      true: { version: 10, value: 15 },
      ageMs: 250,
    });
    expect(driftOf('behind', entryOf(counter), absence, now)).toMatchObject({
      true: { version: 11, value: null },
      ageMs: null,
    });
  });

  it('tells null for what cannot be read', () => {
    expect(driftOf('wrong', planted('x [15'), counter, 0).cached).toEqual({ version: null, value: null });
    expect(driftOf('wrong', planted('10 {"value":"15"}'), counter, 0).cached).toEqual({ version: 10, value: null });
    expect(driftOf('wrong', planted('10 null'), counter, 0).cached).toEqual({ version: 10, value: null });
  });

  it('tells in whole milliseconds how long the truth had stood', () => {
    const nowMs = Date.parse(counter.updatedAt) + 457.14;
    expect(driftOf('wrong', entryOf(counter), counter, nowMs).ageMs).toBe(458);
    expect(driftOf('wrong', entryOf(absence), absence, nowMs).ageMs).toBeNull();
  });
});
