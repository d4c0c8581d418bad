import type pg from 'pg';
import { inTransaction } from '../transaction.js';

/** Batches and counters in one statement: some hundred milliseconds, far below the statement timeout. */
const CHUNK_BATCHES = 5_000;
const CHUNK_COUNTERS = 40_000;

/** What one chunk came to. */
export interface DerivedChunk {
  /** Batches that were taken into the history. */
  readonly batches: number;
  /** Rows of minutes that were written. */
  readonly minutes: number;
  /** Whether that were all that the statement saw. */
  readonly complete: boolean;
}

/**
 * $1 the snapshot up to which everything is derived, $2 batches, $3 counters at most.
 *
 * "Not seen by the last snapshot" are exactly the batches that were committed since, however long their commits took.
 * Of each counter and minute the highest version stays, so doing it again, or in another order, changes nothing.
 * A chunk ends between two transactions; its snapshot is that of the statement, cut off there.
 */
const DERIVE = `
  WITH found AS MATERIALIZED (
    SELECT committed_in, names, "values", versions, created_ats, updated_ats,
           sum(cardinality(names)) OVER (ORDER BY committed_in) - cardinality(names) AS counters_before
    FROM batches
    WHERE committed_in >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(committed_in, $1::pg_snapshot)
    ORDER BY committed_in LIMIT $2
  ),
  taken AS MATERIALIZED (SELECT * FROM found WHERE counters_before < $3),
  changes AS MATERIALIZED (
    SELECT DISTINCT ON (name, at) name, at, value, version, created_at
    FROM (
      SELECT name COLLATE "C" AS name, date_trunc('minute', updated_at, 'UTC') AS at, value, version, created_at
      FROM taken, unnest(names, "values", versions, created_ats, updated_ats)
        AS change (name, value, version, created_at, updated_at)
      WHERE version IS NOT NULL
    ) AS change
    ORDER BY name, at, version DESC
  ),
  written AS (
    INSERT INTO history_minutes AS h (name, at, value, version, created_at)
    SELECT name, at, value, version, created_at FROM changes WHERE value IS NOT NULL
    ON CONFLICT (name, at) DO UPDATE SET
      value = excluded.value, version = excluded.version, created_at = excluded.created_at
    WHERE h.version < excluded.version
    RETURNING 1
  ),
  present AS (
    SELECT pg_current_snapshot() AS snapshot,
           (SELECT count(*) FROM found) < $2 AND (SELECT count(*) FROM taken) = (SELECT count(*) FROM found) AS complete,
           (SELECT committed_in::text::bigint + 1 FROM taken ORDER BY committed_in DESC LIMIT 1) AS cut
  ),
  moved AS (
    UPDATE history_progress SET
      derived = CASE WHEN complete THEN snapshot ELSE (
        SELECT least(pg_snapshot_xmin(snapshot)::text::bigint, cut) || ':' || cut || ':'
               || coalesce(string_agg(running::text, ',' ORDER BY running), '')
        FROM pg_snapshot_xip(snapshot) AS running WHERE running::text::bigint < cut
      )::pg_snapshot END,
      unrolled_from = least(unrolled_from, (SELECT min(at) FROM changes WHERE value IS NOT NULL))
    FROM present
  )
  SELECT (SELECT count(*)::int FROM taken) AS batches, (SELECT count(*)::int FROM written) AS minutes, complete,
         (SELECT array_agg(name ORDER BY name, at) FROM changes WHERE value IS NULL) AS ended_names,
         (SELECT array_agg(version ORDER BY name, at) FROM changes WHERE value IS NULL) AS ended_versions
  FROM present`;

interface DeriveRow extends DerivedChunk {
  readonly ended_names: string[] | null;
  readonly ended_versions: string[] | null;
}

/** Makes minutes from the rows of committed batches. */
export class HistoryDerivation {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Takes the next batches into the history, in one transaction with how far it came.
   *
   * @returns null where another instance is at it
   * @throws StoreFailure
   */
  async deriveChunk(): Promise<DerivedChunk | null> {
    return inTransaction(this.pool, async (client) => {
      const derived = await lockProgress(client);
      if (derived === null) return null;
      const { rows } = await client.query<DeriveRow>(DERIVE, [derived, CHUNK_BATCHES, CHUNK_COUNTERS]);
      const [row] = rows;
      if (row === undefined) throw new Error('the history has no row of its progress');
      const { batches, minutes, complete, ended_names: names, ended_versions: versions } = row;
      if (names !== null && versions !== null) await forget(client, names, versions);
      return { batches, minutes, complete };
    });
  }
}

/** How far the history goes; null where another instance holds it. */
async function lockProgress(client: pg.ClientBase): Promise<string | null> {
  // Lost with a crash, all of it is done again: nobody has to wait for the disk.
  await client.query('SET LOCAL synchronous_commit = off');
  const { rows } = await client.query<{ derived: string; foreign: boolean }>(
    `SELECT derived::text, pg_snapshot_xmin(derived) > pg_snapshot_xmin(pg_current_snapshot()) AS "foreign"
     FROM history_progress FOR UPDATE SKIP LOCKED`,
  );
  const [progress] = rows;
  if (progress === undefined) return null;
  if (!progress.foreign) return progress.derived;
  // Transactions never count backwards: this is a backup, restored into another cluster. Its numbers mean nothing here;
  // whatever its last seconds did to a counter counts for the minute of that counter's next change.
  await client.query(
    'UPDATE batches SET committed_in = NULL WHERE committed_in >= pg_snapshot_xmax(pg_current_snapshot())',
  );
  return NOTHING_SEEN;
}

/** A snapshot that sees no transaction of anybody; the first three numbers are Postgres' own. */
const NOTHING_SEEN = '3:3:';

/** A history ends with its counter: a new one of that name begins anew. */
async function forget(client: pg.ClientBase, names: readonly string[], versions: readonly string[]): Promise<void> {
  for (const period of ['minutes', 'hours', 'days']) {
    await client.query(
      `DELETE FROM history_${period} h USING unnest($1::text[], $2::bigint[]) AS ended (name, version)
       WHERE h.name = ended.name AND h.version < ended.version`,
      [names, versions],
    );
  }
}
