import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Buckets } from '../domain/bucket.js';
import { withClient } from './clients.js';
import { isLockTimeout, StoreFailure } from './failure.js';
import { inTransaction } from './transaction.js';
import { FLOOR } from './version-floor.js';

/** By then every deletion is in the history, and nobody sends its batch again. */
const MIN_AGE_HOURS = 1;

/** Writers queue up behind whoever waits for the lock: none of them waits longer than this at a time. */
const LOCK_TIMEOUT_MS = 200;

/** Whoever holds it is done within moments, but for a backup, which holds it as long as it runs. */
const LOCK_ATTEMPTS = 10;
const LOCK_PAUSE_MS = 1_000;

/** Rows in one statement: tens of milliseconds, so that whoever writes to one of these names hardly waits. */
const CHUNK = 2_000;

/** Tombstones that may be purged. */
export interface Purgeable {
  readonly count: number;
  /** The highest version among them; 0 where there are none. */
  readonly highest: number;
}

/** $1 deleted before, ms since 1970. */
const OLD = `deleted AND updated_at < least(to_timestamp($1::float8 / 1000), now() - interval '${MIN_AGE_HOURS} hours')`;

const HISTORY = ['minutes', 'hours', 'days'] as const;

/** Where to go on: in which bucket, and after which name in it; '' from the first. */
export interface PurgePlace {
  readonly bucket: number;
  readonly name: string;
}

/** What one step of a purge came to. */
export interface PurgeStep {
  readonly count: number;
  /** Where to go on; null: there are no more. */
  readonly next: PurgePlace | null;
}

/** The first of all. */
export const PURGE_ALL: PurgePlace = { bucket: 0, name: '' };

/** $2 bucket, $3 names after this one, $4 rows. What somebody holds is left alone, and whatever is above the floor. */
const REMOVE = `
  WITH found AS MATERIALIZED (
    SELECT bucket, name, version FROM counters
    WHERE bucket = $2 AND name > $3 AND ${OLD} AND version <= ${FLOOR}
    ORDER BY name LIMIT $4 FOR UPDATE SKIP LOCKED
  ),
  ${HISTORY.map(
    (period) => `${period} AS (
    DELETE FROM history_${period} h USING found
    WHERE h.bucket = found.bucket AND h.name = found.name AND h.version <= found.version
  )`,
  ).join(',\n  ')},
  removed AS (DELETE FROM counters c USING found WHERE c.bucket = found.bucket AND c.name = found.name)
  SELECT count(*)::int AS count, max(name) AS last FROM found`;

/** Names of deleted counters: their rows keep the version, until an operator purges them. */
export class Tombstones {
  constructor(
    private readonly pool: pg.Pool,
    private readonly buckets: Buckets,
  ) {}

  /** Those of counters that were deleted before an instant (ms since 1970), and at least an hour ago. */
  async find(deletedBeforeMs: number): Promise<Purgeable> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<Purgeable>(
        `SELECT count(*)::float8 AS count, coalesce(max(version), 0)::float8 AS highest FROM counters WHERE ${OLD}`,
        [deletedBeforeMs],
      ),
    );
    return rows[0] ?? { count: 0, highest: 0 };
  }

  /**
   * Has every name without a row be absent at this version, or a higher one. When it resolves, nobody creates by a lower
   * one any more.
   *
   * @throws StoreFailure, also where somebody held the table for too long
   */
  async raiseFloor(version: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await inTransaction(this.pool, (client) => raise(client, version));
        return;
      } catch (error) {
        if (!(error instanceof StoreFailure && isLockTimeout(error)) || attempt === LOCK_ATTEMPTS) throw error;
        await sleep(LOCK_PAUSE_MS);
      }
    }
  }

  /**
   * Removes the next of those that `find` counts, and their history; none above the floor.
   *
   * @param from `PURGE_ALL`, or what the step before said
   */
  async removeChunk(deletedBeforeMs: number, from: PurgePlace): Promise<PurgeStep> {
    const { bucket, name } = from;
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ count: number; last: string | null }>(REMOVE, [deletedBeforeMs, bucket, name, CHUNK]),
    );
    const [{ count, last } = { count: 0, last: null }] = rows;
    if (last !== null) return { count, next: { bucket, name: last } };
    return { count, next: bucket + 1 < this.buckets.count ? { bucket: bucket + 1, name: '' } : null };
  }
}

async function raise(client: pg.PoolClient, version: number): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  // Waits for everybody who has read the floor and may still create by it, and keeps others from reading it meanwhile.
  await client.query('LOCK TABLE version_floor IN ACCESS EXCLUSIVE MODE');
  await client.query('UPDATE version_floor SET floor = greatest(floor, $1)', [version]);
}
