import type pg from 'pg';
import { isCounter } from '../domain/counter.js';
import {
  type CounterRow,
  GATHERED_STATES,
  LINE,
  STATE,
  STATE_IN_KEY,
  stateAsText,
  stateLess,
  STATES,
  truthOf,
} from './counter-row.js';
import { failureOf, StoreFailure } from './failure.js';
import {
  type AppliedRow,
  type IncrementBatch,
  type IncrementBatchResult,
  keyColumns,
  resultOf,
  totalColumns,
} from './increment-codec.js';
import { USED_KEY_COLUMNS } from './idempotency-keys.js';
import { countingNames } from './names-created.js';
import { LOGGED, type Replication } from './replication.js';
import { FLOOR } from './version-floor.js';
import { utc } from './utc.js';
import type { Writability } from './writability.js';

/**
 * $1 id, $2 names, $3 sums, $4 counts, $5 swings, $6 which names are barred (null: none), $7 their creators (a line for
 * each, empty: nobody; null: nobody at all), $8 the row that names are counted in, $9 lives in ms, $10 moments, $11 the
 * names whose expiry takes the place of another one (null, each: none), $12 the bucket of all of it.
 *
 * In byte order of the names: two batches that lock the same rows in different orders would deadlock. The row in
 * conflict is locked before WHERE and SET are evaluated, so bounds are checked and updated_at is taken in the order of
 * the lock. A tombstone has value 0 and no bounds. So is the clock: a counter that has ended by then is left alone, as is
 * one that would have ended before it was written.
 */
const applying = (when: 'true' | 'NOT EXISTS (SELECT FROM used)'): string => `
    INSERT INTO counters AS c (bucket, name, value, version, created_at, updated_at, expires_at)
    SELECT $12::smallint, name, sum, ${FLOOR} + count, now(), now(),
           coalesce(moment, clock_timestamp() + make_interval(secs => life / 1000.0))
    FROM unnest(string_to_array($2, E'\\n'), $3::bigint[], $4::bigint[], $6::boolean[], $9::bigint[],
                $10::timestamptz[])
      AS total (name, sum, count, is_barred, life, moment)
    WHERE ${when} AND (moment IS NULL OR moment > clock_timestamp())
      -- No EXISTS: a plan that was made while there were few counters would read all of them into a hash for it.
      AND (is_barred IS NOT TRUE
           OR (SELECT true FROM counters AS known WHERE known.bucket = $12::smallint AND known.name = total.name))
    ORDER BY name COLLATE "C"
    ON CONFLICT ON CONSTRAINT counters_pkey DO UPDATE SET
      value = c.value + excluded.value,
      version = c.version + excluded.version - ${FLOOR},
      deleted = false,
      created_at = CASE WHEN c.deleted THEN excluded.created_at ELSE c.created_at END,
      updated_at = greatest(c.updated_at, excluded.updated_at),
      expires_at = CASE WHEN c.deleted OR $11::jsonb ? excluded.name
                        THEN excluded.expires_at ELSE coalesce(c.expires_at, excluded.expires_at) END
    WHERE c.value + coalesce(($5::jsonb -> excluded.name ->> 'highest')::bigint, excluded.value)
            <= coalesce(c.max, 9007199254740991)
      AND c.value + coalesce(($5::jsonb -> excluded.name ->> 'lowest')::bigint, excluded.value)
            >= coalesce(c.min, -9007199254740991)
      AND (c.expires_at IS NULL OR c.deleted OR c.expires_at > clock_timestamp())
      AND (excluded.expires_at IS NULL OR excluded.expires_at > clock_timestamp())
    -- What was there already is locked before it is updated, and shows it by its xmax.
    RETURNING name, ${STATE}, xmax = 0 AS is_new`;

/**
 * $7 creators, $8 the row. The map of creators is made where a name is new, once, and not at all where none is; a join
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
const STORE = `
    INSERT INTO batches (bucket, id, names, ${STATES})
    SELECT $12::smallint, $1::uuid, array_agg(name), ${GATHERED_STATES}
    FROM applied HAVING count(*) > 0`;

/** Of each counter that took the batch a line; null: none did. */
const LINES = `(
    SELECT string_agg(${LINE}, E'\\n') FROM applied) AS lines, ${utc('clock_timestamp()')} AS clock`;

const WITHOUT_KEYS = `
  WITH applied AS (${applying('true')}),
  counted AS (${counted('')}),
  stored AS (${STORE})
  SELECT ${LINES}, ${CREATED}`;

/**
 * As above, and $13 owners, $14 keys, $15 fingerprints, $16 names, $17 added after, $18 changes after, $19 until when they are
 * kept, or else $20 for how many hours.
 */
const WITH_KEYS = `
  WITH used AS MATERIALIZED (
    SELECT ${USED_KEY_COLUMNS}
    FROM unnest($13::text[], string_to_array($14, E'\\n'), $19::timestamptz[]) AS asked (owner, key, until)
    JOIN idempotency_keys k ON k.bucket = $12::smallint AND k.owner = asked.owner AND k.key = asked.key
  ),
  applied AS (${applying('NOT EXISTS (SELECT FROM used)')}),
  kept AS (
    INSERT INTO idempotency_keys
      (bucket, owner, key, fingerprint, ${STATE_IN_KEY}, expires_at)
    SELECT $12::smallint, asked.owner, asked.key, asked.fingerprint, ${stateLess('added_after', 'changes_after')},
           coalesce(asked.until, clock_timestamp() + make_interval(hours => $20::int))
    FROM unnest($13::text[], string_to_array($14, E'\\n'), $15::uuid[], string_to_array($16, E'\\n'), $17::bigint[],
                $18::bigint[], $19::timestamptz[])
      AS asked (owner, key, fingerprint, name, added_after, changes_after, until)
    JOIN applied USING (name)
    ORDER BY asked.owner, asked.key
    RETURNING 1
  ),
  counted AS (${counted('AND (SELECT count(*) FROM kept) >= 0')}),
  stored AS (${STORE})
  SELECT ${LINES}, ${CREATED}, used.* FROM (SELECT) AS always LEFT JOIN used ON true`;

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
   */
  async apply(batch: IncrementBatch, resent: boolean): Promise<IncrementBatchResult> {
    const result = await this.try(batch);
    if (result instanceof StoreFailure || (resent && result.used.length > 0)) {
      // It may have been committed by then, keys and all; what it stored is the answer.
      const stored = await this.stored(batch);
      if (stored !== null) return { ...stored, created: [], used: [] };
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
  private async stored({
    bucket,
    id,
  }: IncrementBatch): Promise<Pick<IncrementBatchResult, 'applied' | 'clock'> | null> {
    const { rows } = await this.replication.commit(this.pool, (client) =>
      client.query<CounterRow & { readonly clock: string }>(
        `SELECT name, false AS deleted, ${stateAsText('stored')}, ${LOGGED} AS logged, ${utc('clock_timestamp()')} AS clock
         FROM batches, unnest(names, ${STATES}) AS stored (name, ${STATE})
         WHERE bucket = $1 AND id = $2`,
        [bucket, id],
      ),
    );
    const [first] = rows;
    if (first === undefined) return null;
    const counters = rows.map(truthOf).filter(isCounter);
    return { applied: new Map(counters.map((counter) => [counter.name, counter])), clock: first.clock };
  }
}

async function applyWithoutKeys(client: pg.PoolClient, batch: IncrementBatch): Promise<IncrementBatchResult> {
  const { rows } = await client.query<AppliedRow>({
    name: 'increment-batch',
    text: WITHOUT_KEYS,
    values: totalColumns(batch),
  });
  return resultOf(rows);
}

async function applyWithKeys(client: pg.PoolClient, batch: IncrementBatch): Promise<IncrementBatchResult> {
  const { rows } = await client.query<AppliedRow>({
    name: 'increment-batch-with-keys',
    text: WITH_KEYS,
    values: [...totalColumns(batch), ...keyColumns(batch)],
  });
  return resultOf(rows);
}
