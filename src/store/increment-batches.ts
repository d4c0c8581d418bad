import type pg from 'pg';
import type { Counter } from '../domain/counter.js';
import type { Creator, IdempotencyKey } from '../domain/operation.js';
import { type CounterRow, counterOf } from './counter-row.js';
import { failureOf, StoreFailure } from './failure.js';
import { anyBucket, countingNames } from './names-created.js';
import { USED_KEY_COLUMNS, type UsedKey, type UsedKeyRow, usedKeyOf } from './idempotency-keys.js';
import { LOGGED, type Replication } from './replication.js';
import { utc } from './utc.js';
import type { Writability } from './writability.js';
import { FLOOR } from './version-floor.js';

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
}

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
  /** One for each counter. */
  readonly totals: readonly Total[];
  /** Names that may not be brought into being here: where they were never there, they are left alone. */
  readonly barred: ReadonlySet<string>;
  readonly keys: readonly IncrementKey[];
  readonly keyTtlHours: number;
}

/**
 * Either the counters that took the batch, as they are after it (one that is missing here was not changed: its bounds
 * would not hold at every step, or it is barred); or keys that were used before, and then nothing was applied.
 */
export interface IncrementBatchResult {
  readonly applied: ReadonlyMap<string, Counter>;
  /** Names that were never there before; none where nobody's quota is concerned, or where the answer was lost. */
  readonly created: readonly string[];
  readonly used: readonly UsedKey[];
}

/**
 * Between names, between keys and between lines: none of them holds a control character. A batch travels as a few long
 * texts each way, since an array or a row for each counter would cost pg more than all the rest of the batch.
 */
const SEPARATOR = '\n';

/**
 * $1 id, $2 names, $3 sums, $4 counts, $5 swings, $6 which names are barred (null: none), $7 their creators (a line for
 * each, empty: nobody; null: nobody at all), $8 a bucket.
 *
 * In byte order of the names: two batches that lock the same rows in different orders would deadlock. The row in
 * conflict is locked before WHERE and SET are evaluated, so bounds are checked and updated_at is taken in the order of
 * the lock. A tombstone has value 0 and no bounds.
 */
const applying = (when: 'true' | 'NOT EXISTS (SELECT FROM used)'): string => `
    INSERT INTO counters AS c (name, value, version, created_at, updated_at)
    SELECT name, sum, ${FLOOR} + count, now(), now()
    FROM unnest(string_to_array($2, E'\\n'), $3::bigint[], $4::bigint[], $6::boolean[])
      AS total (name, sum, count, is_barred)
    WHERE ${when}
      -- No EXISTS: a plan that was made while there were few counters would read all of them into a hash for it.
      AND (is_barred IS NOT TRUE OR (SELECT true FROM counters AS known WHERE known.name = total.name))
    ORDER BY name COLLATE "C"
    ON CONFLICT (name) DO UPDATE SET
      value = c.value + excluded.value,
      version = c.version + excluded.version - ${FLOOR},
      deleted = false,
      created_at = CASE WHEN c.deleted THEN excluded.created_at ELSE c.created_at END,
      updated_at = greatest(c.updated_at, excluded.updated_at)
    WHERE c.value + coalesce(($5::jsonb -> excluded.name ->> 'highest')::bigint, excluded.value)
            <= coalesce(c.max, 9007199254740991)
      AND c.value + coalesce(($5::jsonb -> excluded.name ->> 'lowest')::bigint, excluded.value)
            >= coalesce(c.min, -9007199254740991)
    -- What was there already is locked before it is updated, and shows it by its xmax.
    RETURNING name, value, version, min, max, created_at, updated_at, xmax = 0 AS is_new`;

/**
 * $7 creators, $8 a bucket. The map of creators is made where a name is new, once, and not at all where none is; a join
 * would be made row by row, for Postgres expects few of them.
 */
const counted = (keysFirst: string): string =>
  countingNames(
    `(
      SELECT (SELECT jsonb_object(string_to_array($2, E'\\n'), string_to_array($7, E'\\n'))) ->> name AS key_id
      FROM applied WHERE is_new AND $7::text IS NOT NULL ${keysFirst}
    ) AS created`,
    '$8',
  );

/** The names that are new and somebody's, a line for each; null: none are. */
const CREATED = `(
    SELECT string_agg(name, E'\\n') FROM applied WHERE is_new AND $7::text IS NOT NULL) AS created_names`;

/** Last in the statement, so that it can store what was applied; a second commit of the same id fails on its key. */
const CLAIM = `
    INSERT INTO batches (id, names, "values", versions, mins, maxes, created_ats, updated_ats)
    SELECT $1::uuid, array_agg(name), array_agg(value), array_agg(version),
           array_agg(min), array_agg(max), array_agg(created_at), array_agg(updated_at)
    FROM applied HAVING count(*) > 0`;

/** Of each counter that took the batch a line, which `countersIn` reads; null: none did. */
const LINES = `(
    SELECT string_agg(concat_ws(E'\\t', value, version, coalesce(min::text, ''), coalesce(max::text, ''),
                                ${utc('created_at')}, ${utc('updated_at')}, name), E'\\n')
    FROM applied) AS lines`;

const WITHOUT_KEYS = `
  WITH applied AS (${applying('true')}),
  counted AS (${counted('')}),
  claimed AS (${CLAIM})
  SELECT ${LINES}, ${CREATED}`;

/** As above, and $9 owners, $10 keys, $11 fingerprints, $12 names, $13 added after, $14 changes after, $15 hours. */
const WITH_KEYS = `
  WITH used AS MATERIALIZED (
    SELECT ${USED_KEY_COLUMNS}
    FROM unnest($9::text[], string_to_array($10, E'\\n')) AS asked (owner, key)
    JOIN idempotency_keys k ON k.owner = asked.owner AND k.key = asked.key
  ),
  applied AS (${applying('NOT EXISTS (SELECT FROM used)')}),
  kept AS (
    INSERT INTO idempotency_keys
      (owner, key, fingerprint, value, version, min, max, created_at, updated_at, expires_at)
    SELECT asked.owner, asked.key, asked.fingerprint, value - added_after, version - changes_after,
           min, max, created_at, updated_at, clock_timestamp() + make_interval(hours => $15::int)
    FROM unnest($9::text[], string_to_array($10, E'\\n'), $11::uuid[], string_to_array($12, E'\\n'), $13::bigint[],
                $14::bigint[])
      AS asked (owner, key, fingerprint, name, added_after, changes_after)
    JOIN applied USING (name)
    ORDER BY asked.owner, asked.key
    RETURNING 1
  ),
  counted AS (${counted('AND (SELECT count(*) FROM kept) >= 0')}),
  claimed AS (${CLAIM})
  SELECT ${LINES}, ${CREATED}, used.* FROM (SELECT) AS always LEFT JOIN used ON true`;

interface AppliedRow {
  readonly lines: string | null;
  readonly created_names: string | null;
}

/** Without a key that was used before, one row whose other columns are null. */
type AppliedOrUsedRow = AppliedRow & (UsedKeyRow | { readonly owner: null });

export class IncrementBatches {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly writability: Writability,
  ) {}

  /**
   * Applies a batch in one statement and one commit.
   *
   * @param resent whether this batch was sent before, and its fate is not known
   * @throws StoreFailure
   */
  async apply(batch: IncrementBatch, resent: boolean): Promise<IncrementBatchResult> {
    const result = await this.try(batch);
    if (result instanceof StoreFailure || (resent && result.used.length > 0)) {
      // It may have been committed by then, keys and all; what it stored is the answer.
      const applied = await this.stored(batch.id);
      if (applied !== null) return { applied, created: [], used: [] };
    }
    if (result instanceof StoreFailure) throw result;
    return result;
  }

  /** A conflict is returned: it can mean that this very batch is there already. */
  private async try(batch: IncrementBatch): Promise<IncrementBatchResult | StoreFailure> {
    try {
      return await this.writability.watch(() =>
        this.replication.commit(this.pool, (client) =>
          batch.keys.length === 0 ? applyWithoutKeys(client, batch) : applyWithKeys(client, batch),
        ),
      );
    } catch (error) {
      const failure = failureOf(error);
      if (failure.fate === 'conflict') return failure;
      throw failure;
    }
  }

  /** Waits for the standby as the batch itself did, whose wait may have been cut short. */
  private async stored(id: string): Promise<Map<string, Counter> | null> {
    const { rows } = await this.replication.commit(this.pool, (client) =>
      client.query<Omit<CounterRow, 'deleted'>>(
        `SELECT name, value, version, min, max, ${utc('created_at')} AS created_at, ${utc('updated_at')} AS updated_at,
           ${LOGGED} AS logged
         FROM batches,
           unnest(names, "values", versions, mins, maxes, created_ats, updated_ats)
             AS stored (name, value, version, min, max, created_at, updated_at)
         WHERE id = $1`,
        [id],
      ),
    );
    return rows.length === 0 ? null : new Map(rows.map((row) => [row.name, counterOf(row)]));
  }
}

async function applyWithoutKeys(client: pg.PoolClient, batch: IncrementBatch): Promise<IncrementBatchResult> {
  const { rows } = await client.query<AppliedRow>({
    name: 'increment-batch',
    text: WITHOUT_KEYS,
    values: totalColumns(batch),
  });
  return { applied: countersIn(rows), created: createdIn(rows), used: [] };
}

async function applyWithKeys(client: pg.PoolClient, batch: IncrementBatch): Promise<IncrementBatchResult> {
  const { keys } = batch;
  const { rows } = await client.query<AppliedOrUsedRow>({
    name: 'increment-batch-with-keys',
    text: WITH_KEYS,
    values: [
      ...totalColumns(batch),
      arrayOf(keys.map(({ owner }) => `"${owner}"`)),
      keys.map(({ key }) => key).join(SEPARATOR),
      arrayOf(keys.map(({ fingerprint }) => fingerprint)),
      keys.map(({ name }) => name).join(SEPARATOR),
      arrayOf(keys.map(({ addedAfter }) => addedAfter)),
      arrayOf(keys.map(({ changesAfter }) => changesAfter)),
      batch.keyTtlHours,
    ],
  });
  return {
    applied: countersIn(rows),
    created: createdIn(rows),
    used: rows.filter((row): row is AppliedRow & UsedKeyRow => row.owner !== null).map(usedKeyOf),
  };
}

function totalColumns({ id, totals, barred }: IncrementBatch): unknown[] {
  const hasCreators = totals.some(({ creator }) => creator !== null);
  return [
    id,
    totals.map(({ name }) => name).join(SEPARATOR),
    arrayOf(totals.map(({ sum }) => sum)),
    arrayOf(totals.map(({ count }) => count)),
    swingsJson(totals),
    barred.size === 0 ? null : arrayOf(totals.map(({ name }) => barred.has(name))),
    hasCreators ? totals.map(({ creator }) => creator?.keyId ?? '').join(SEPARATOR) : null,
    anyBucket(),
  ];
}

/** Postgres' literal of an array whose elements need no escapes: numbers, booleans, and the ids of keys. */
function arrayOf(elements: readonly (number | bigint | boolean | string)[]): string {
  return `{${elements.join()}}`;
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

function createdIn([row]: readonly AppliedRow[]): string[] {
  return row?.created_names?.split(SEPARATOR) ?? [];
}

function countersIn([row]: readonly AppliedRow[]): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  if (row === undefined || row.lines === null) return counters;
  for (const line of row.lines.split(SEPARATOR)) {
    const [value = '', version = '', min = '', max = '', createdAt = '', updatedAt = '', name = ''] = line.split('\t');
    counters.set(name, {
      name,
      value: Number(value),
      version: Number(version),
      min: min === '' ? null : Number(min),
      max: max === '' ? null : Number(max),
      createdAt,
      updatedAt,
    });
  }
  return counters;
}
