/** How a batch of increments travels to Postgres and back. */
import type { Counter } from '../domain/counter.js';
import type { Creator, Expiry, IdempotencyKey } from '../domain/operation.js';
import { counterOfLine } from './counter-row.js';
import { type UsedKey, type UsedKeyRow, usedKeyOf } from './idempotency-keys.js';
import { anyRow } from './names-created.js';

/** The increments of one counter, added up. */
export interface Total {
  readonly name: string;
  /** On whose account the name is brought into being, where it was never there; null: on nobody's. */
  readonly creator: Creator | null;
  /** The sum of all increments; every running sum lies within 2^53 - 1 of 0, so a first insert is in range. */
  readonly sum: number;
  readonly count: number;
  /** The highest running sum, at least 0. */
  readonly highest: number;
  /** The lowest running sum, at most 0. */
  readonly lowest: number;
  /** What all of the increments say of the expiry; undefined: nothing. */
  readonly expiry: Life | Until | undefined;
}

type Life = Extract<Expiry, { kind: 'in' }>;
type Until = Extract<Expiry, { kind: 'at' }>;

/** A key to be kept with an increment, if its counter takes the whole batch. */
export interface IncrementKey extends IdempotencyKey {
  readonly fingerprint: string;
  readonly name: string;
  /** What the batch adds to value and version after this increment: its answer is the end less these. */
  readonly addedAfter: number | bigint;
  readonly changesAfter: number;
}

export interface IncrementBatch {
  /** A random UUID. Sending the same batch twice applies it once. */
  readonly id: string;
  /** That all of its counters are in. */
  readonly bucket: number;
  /** One for each counter. */
  readonly totals: readonly Total[];
  /** Names that may not be brought into being here: where they were never there, they are left alone. */
  readonly barred: ReadonlySet<string>;
  readonly keys: readonly IncrementKey[];
  readonly keyTtlHours: number;
}

/**
 * Either the counters that took the batch, as they are after it (one that is missing here was not changed: its bounds
 * would not hold at every step, it has ended, or it is barred); or keys that were used before, and then nothing was applied.
 */
export interface IncrementBatchResult {
  readonly applied: ReadonlyMap<string, Counter>;
  /** Names that were never there before; none where nobody's quota is concerned, or where the answer was lost. */
  readonly created: readonly string[];
  readonly used: readonly UsedKey[];
  /** What the database's clock said meanwhile, RFC 3339. */
  readonly clock: string;
}

/**
 * Between names, between keys and between lines: none of them holds a control character, and lists of unlike length are
 * refused, for the sums that are missing are null. A batch travels as a few long texts each way, since an array or a row
 * for each counter would cost pg more than all the rest of the batch.
 */
const SEPARATOR = '\n';

/** A row of the answer: the first one brings what was applied; each may bring a key that was used before. */
export type AppliedRow = {
  readonly lines: string | null;
  readonly created_names: string | null;
  readonly clock: string;
} & (UsedKeyRow | { readonly owner?: null });

/** The parameters $1 to $12 of the statement. */
export function totalColumns({ id, bucket, totals, barred }: IncrementBatch): unknown[] {
  const hasCreators = totals.some(({ creator }) => creator !== null);
  return [
    id,
    totals.map(({ name }) => name).join(SEPARATOR),
    arrayOf(totals.map(({ sum }) => sum)),
    arrayOf(totals.map(({ count }) => count)),
    swingsJson(totals),
    barred.size === 0 ? null : arrayOf(totals.map(({ name }) => barred.has(name))),
    hasCreators ? totals.map(({ creator }) => creator?.keyId ?? '').join(SEPARATOR) : null,
    anyRow(),
    ...expiryColumns(totals),
    bucket,
  ];
}

/** Lives in ms, moments, and the names whose expiry takes the place of another one; each null where there is none. */
function expiryColumns(totals: readonly Total[]): (string | null)[] {
  if (totals.every(({ expiry }) => expiry === undefined)) return [null, null, null];
  const replacing = totals.flatMap(({ name, expiry }) =>
    expiry?.where === 'always' ? [`${JSON.stringify(name)}:1`] : [],
  );
  return [
    arrayOf(totals.map(({ expiry }) => (expiry?.kind === 'in' ? expiry.ms : null))),
    arrayOf(totals.map(({ expiry }) => (expiry?.kind === 'at' ? expiry.moment : null))),
    replacing.length === 0 ? null : `{${replacing.join(',')}}`,
  ];
}

/** Postgres' literal of an array whose elements need no escapes: numbers, booleans, instants, and the ids of keys. */
function arrayOf(elements: readonly (number | bigint | boolean | string | null)[]): string {
  return `{${elements.map((element) => element ?? 'NULL').join()}}`;
}

function swingsJson(totals: readonly Total[]): string | null {
  const members = totals.filter(swings).map(({ name, highest, lowest }) => {
    return `${JSON.stringify(name)}:{"highest":${highest},"lowest":${lowest}}`;
  });
  return members.length === 0 ? null : `{${members.join(',')}}`;
}

/** Whether it leaves the stretch between the value before and the value after, which are both in bounds. */
function swings({ sum, highest, lowest }: Total): boolean {
  return highest > Math.max(0, sum) || lowest < Math.min(0, sum);
}

/** The parameters $13 to $20. */
export function keyColumns({ keys, keyTtlHours }: IncrementBatch): unknown[] {
  return [
    arrayOf(keys.map(({ owner }) => `"${owner}"`)),
    keys.map(({ key }) => key).join(SEPARATOR),
    arrayOf(keys.map(({ fingerprint }) => fingerprint)),
    keys.map(({ name }) => name).join(SEPARATOR),
    arrayOf(keys.map(({ addedAfter }) => addedAfter)),
    arrayOf(keys.map(({ changesAfter }) => changesAfter)),
    keys.some(({ until }) => until !== undefined) ? arrayOf(keys.map(({ until }) => until ?? null)) : null,
    keyTtlHours,
  ];
}

/** Reads the answer. */
export function resultOf(rows: readonly AppliedRow[]): IncrementBatchResult {
  const [row] = rows;
  return {
    applied: countersIn(row?.lines ?? null),
    created: row?.created_names?.split(SEPARATOR) ?? [],
    clock: row?.clock ?? '',
    used: rows.filter((found): found is AppliedRow & UsedKeyRow => typeof found.owner === 'string').map(usedKeyOf),
  };
}

function countersIn(lines: string | null): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  if (lines === null) return counters;
  for (const line of lines.split(SEPARATOR)) {
    const counter = counterOfLine(line);
    counters.set(counter.name, counter);
  }
  return counters;
}
