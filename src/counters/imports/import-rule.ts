import { type Absence, type Counter, isCounter, type Truth } from '../../domain/counter.js';

/** A counter on its way in from elsewhere; what is null is not known there. */
export interface ImportedCounter {
  readonly name: string;
  /** Null: the counter was deleted, and its version must not come again. */
  readonly value: number | null;
  /** At least 1. */
  readonly version: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** RFC 3339, UTC, milliseconds; null: it does not end by itself. */
  readonly expiresAt: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly updatedAt: string | null;
}

/**
 * What became of an imported counter.
 *
 * - `created`: there was none.
 * - `replaced`: there was another value, or the same at a lower version.
 * - `deleted`: the deletion was brought along.
 * - `unchanged`: it was there already, as after an import that was cut off and begun again.
 * - `kept`: another value is there, and was left alone.
 */
export type ImportOutcome = 'created' | 'replaced' | 'deleted' | 'unchanged' | 'kept';

/**
 * Decides one imported counter under the row's lock. A version is never lowered and never given to a second value: it is
 * taken over where it is above the present one, else the present one goes on.
 *
 * @param now RFC 3339, from the database's clock
 * @param overwrite whether another value that is there gives way
 */
export function decideImport(
  imported: ImportedCounter,
  truth: Truth,
  now: string,
  overwrite: boolean,
): { readonly outcome: ImportOutcome; readonly truth: Truth } {
  const { value } = imported;
  if (value === null) return decideDeletion(imported, truth, overwrite);
  if (!isCounter(truth)) return { outcome: 'created', truth: createdOf(imported, value, truth, now) };
  const same =
    truth.value === value &&
    truth.min === imported.min &&
    truth.max === imported.max &&
    truth.expiresAt === imported.expiresAt;
  if (same && (imported.version ?? 0) <= truth.version) return { outcome: 'unchanged', truth };
  if (!same && !overwrite) return { outcome: 'kept', truth };
  return {
    outcome: 'replaced',
    truth: {
      ...truth,
      value,
      min: imported.min,
      max: imported.max,
      expiresAt: imported.expiresAt,
      version: versionAfter(truth, imported),
      // A clock that was set back must not make a later version look older.
      updatedAt: latest(now, truth.updatedAt),
    },
  };
}

function decideDeletion(
  imported: ImportedCounter,
  truth: Truth,
  overwrite: boolean,
): { readonly outcome: ImportOutcome; readonly truth: Truth } {
  if (isCounter(truth)) {
    if (!overwrite) return { outcome: 'kept', truth };
    return { outcome: 'deleted', truth: { name: truth.name, value: null, version: versionAfter(truth, imported) } };
  }
  if ((imported.version ?? 0) <= truth.version) return { outcome: 'unchanged', truth };
  return { outcome: 'deleted', truth: { name: truth.name, value: null, version: versionAfter(truth, imported) } };
}

function createdOf(imported: ImportedCounter, value: number, truth: Absence, now: string): Counter {
  const version = versionAfter(truth, imported);
  // By a clock that was ahead, or by hand: what has yet to come is no time of a change, and no later one would be told.
  const createdAt = earliest(imported.createdAt ?? now, now);
  // Under its own version it is the state it was; under another one, a new one.
  const changedAt = version === imported.version ? earliest(imported.updatedAt ?? now, now) : now;
  const { name, min, max, expiresAt } = imported;
  return { name, value, version, min, max, expiresAt, createdAt, updatedAt: latest(changedAt, createdAt) };
}

function versionAfter(truth: Truth, { version }: ImportedCounter): number {
  return Math.max(truth.version + 1, version ?? 1);
}

function earliest(a: string, b: string): string {
  return a < b ? a : b;
}

function latest(a: string, b: string): string {
  return a > b ? a : b;
}
