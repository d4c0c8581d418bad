import { type Entry, entryOf } from '../../cache/entry.js';
import { isCounter, type Truth } from '../../domain/counter.js';

/** A version, and the value that stood or should stand under it; null where there is no counter, or nothing readable. */
export interface VersionedValue {
  readonly version: number | null;
  readonly value: number | null;
}

/**
 * An entry that disagreed with the truth.
 *
 * - `behind`: older for longer than any publish takes; an instance died between commit and publish.
 * - `wrong`: nothing that was ever committed; a hand, or a fault of this service, put it there.
 */
export interface Drift {
  readonly name: string;
  readonly kind: 'behind' | 'wrong';
  readonly cached: VersionedValue;
  readonly true: VersionedValue;
  /**
   * For how many whole milliseconds the truth had stood, and so the longest the entry can have disagreed with it; null for
   * an absence.
   */
  readonly ageMs: number | null;
}

/**
 * How an entry stands to a truth that was selected after the entry was read. `older` may be only the moment between a
 * commit and its publish; `wrong` has no innocent reading, since nothing is published before it is committed. An older
 * absence where there is none now is as good: a purge raises the version at which all names without a row are absent.
 */
export function compare(entry: Entry, truth: Truth): 'same' | 'older' | 'wrong' {
  const expected = entryOf(truth);
  const isAbsent = entry.json === null && expected.json === null;
  if (entry.version <= expected.version && isAbsent) return 'same';
  if (entry.version === expected.version && entry.json === expected.json) return 'same';
  // A version that is no number is not older than anything.
  return entry.version < expected.version ? 'older' : 'wrong';
}

/** @param nowMs by the database's clock, as the truth's times are */
export function driftOf(kind: Drift['kind'], entry: Entry, truth: Truth, nowMs: number): Drift {
  return {
    name: truth.name,
    kind,
    cached: { version: Number.isNaN(entry.version) ? null : entry.version, value: valueOf(entry.json) },
    true: { version: truth.version, value: truth.value },
    ageMs: isCounter(truth) ? Math.max(0, Math.ceil(nowMs - Date.parse(truth.updatedAt))) : null,
  };
}

/** A hand may have written anything. */
function valueOf(json: string | null): number | null {
  if (json === null) return null;
  try {
    const counter: unknown = JSON.parse(json);
    const isObject = typeof counter === 'object' && counter !== null;
    return isObject && 'value' in counter && typeof counter.value === 'number' ? counter.value : null;
  } catch {
    return null;
  }
}
