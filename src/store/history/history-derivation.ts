import type pg from 'pg';
import { MOVED, next, Portion, TAKEN } from '../batch-log.js';
import { inTransaction } from '../transaction.js';
import { takeLateIn } from './late-increments.js';

/** In one statement: some hundred milliseconds. */
const MOST = { batches: 5_000, counters: 40_000 } as const;

/** What one chunk came to. */
export interface DerivedChunk {
  /** Batches that were taken into the history. */
  readonly batches: number;
  /** Rows of minutes that were written. */
  readonly minutes: number;
  /** Whether that were all that the statement saw. */
  readonly complete: boolean;
  /** Whether batches are missing before these: they were kept for so long, and nobody came. */
  readonly gap: boolean;
}

/**
 * Reads the next batches of the log. Of each counter and minute the highest version stays, so doing it again, or in
 * another order, changes nothing.
 */
const DERIVE = `
  WITH ${TAKEN},
  changes AS MATERIALIZED (
    SELECT DISTINCT ON (name, at) bucket, name, at, value, version, created_at
    FROM (
      SELECT bucket, name COLLATE "C" AS name, date_trunc('minute', updated_at, 'UTC') AS at, value, version, created_at
      FROM taken, unnest(names, "values", versions, created_ats, updated_ats)
        AS change (name, value, version, created_at, updated_at)
      WHERE version IS NOT NULL
    ) AS change
    ORDER BY name, at, version DESC
  ),
  written AS (
    INSERT INTO history_minutes AS h (bucket, name, at, value, version, created_at)
    SELECT bucket, name, at, value, version, created_at FROM changes WHERE value IS NOT NULL
    ON CONFLICT ON CONSTRAINT history_minutes_pkey DO UPDATE SET
      value = excluded.value, version = excluded.version, created_at = excluded.created_at
    WHERE h.version < excluded.version
    RETURNING 1
  ),
  ${MOVED},
  rolled_up_from AS (
    UPDATE history_progress
    SET unrolled_from = least(unrolled_from, (SELECT min(at) FROM changes WHERE value IS NOT NULL))
  )
  SELECT (SELECT count(*)::int FROM taken) AS batches, (SELECT count(*)::int FROM written) AS minutes, complete,
         snapshot::text AS seen,
         (SELECT array_agg(bucket ORDER BY name, at) FROM changes WHERE value IS NULL) AS ended_buckets,
         (SELECT array_agg(name ORDER BY name, at) FROM changes WHERE value IS NULL) AS ended_names,
         (SELECT array_agg(version ORDER BY name, at) FROM changes WHERE value IS NULL) AS ended_versions
  FROM present`;

interface DeriveRow extends Omit<DerivedChunk, 'gap'> {
  /** What the statement saw, all of which is in the history now where it is complete. */
  readonly seen: string;
  /** Of the counters that ended; null: none did. */
  readonly ended_buckets: number[] | null;
  readonly ended_names: string[] | null;
  readonly ended_versions: string[] | null;
}

/** Makes minutes from the rows of committed batches. */
export class HistoryDerivation {
  private readonly portion = new Portion(MOST);

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Takes the next batches into the history, in one transaction with how far it came; and behind the last of them what
   * was counted in minutes that are over.
   *
   * @param beginOfDay of the day that an instant belongs to, both in ms since 1970
   * @returns null where another instance is at it
   */
  async deriveChunk(beginOfDay: (ms: number) => number): Promise<DerivedChunk | null> {
    return this.portion.go(() => this.derived(beginOfDay));
  }

  private async derived(beginOfDay: (ms: number) => number): Promise<DerivedChunk | null> {
    const { batches, counters } = this.portion;
    return inTransaction(this.pool, async (client) => {
      // Lost with a crash, all of it is done again: nobody has to wait for the disk.
      await client.query('SET LOCAL synchronous_commit = off');
      // Minutes are not made while others are rolled up: they could be passed over.
      const { rowCount } = await client.query('SELECT FROM history_progress FOR UPDATE SKIP LOCKED');
      if (rowCount === 0) return null;
      const place = await next(client, 'history');
      switch (place.kind) {
        case 'busy':
          return null;
        case 'gap':
          return { batches: 0, minutes: 0, complete: false, gap: true };
        case 'next': {
          const { seen, ...chunk } = await derive(client, [place.seen, batches, counters]);
          return { ...chunk, complete: chunk.complete && (await takeLateIn(client, seen, beginOfDay)) };
        }
      }
    });
  }
}

async function derive(
  client: pg.ClientBase,
  asked: readonly [seen: string, batches: number, counters: number],
): Promise<DerivedChunk & Pick<DeriveRow, 'seen'>> {
  const { rows } = await client.query<DeriveRow>(DERIVE, [...asked, 'history']);
  const [row] = rows;
  if (row === undefined) throw new Error('a statement about the present has one row');
  const { batches, minutes, complete, seen: seenBy } = row;
  if (row.ended_names !== null) await forget(client, row);
  return { batches, minutes, complete, gap: false, seen: seenBy };
}

/** A history ends with its counter: a new one of that name begins anew. */
async function forget(client: pg.ClientBase, row: DeriveRow): Promise<void> {
  for (const period of ['minutes', 'hours', 'days']) {
    await client.query(
      `DELETE FROM history_${period} h
       USING unnest($1::smallint[], $2::text[], $3::bigint[]) AS ended (bucket, name, version)
       WHERE h.bucket = ended.bucket AND h.name = ended.name AND h.version < ended.version`,
      [row.ended_buckets, row.ended_names, row.ended_versions],
    );
  }
}
