import type pg from 'pg';
import { withClient } from '../clients.js';
import { inTransaction } from '../transaction.js';
import { type Candidate, candidateOf, type CandidateRow, type Judged, millis, OF_WATCH } from './candidate.js';
import { store } from './watch-writes.js';

/** A counter of which an hour was not judged yet. */
export interface UnjudgedHour {
  readonly candidate: Candidate;
  /** The end of the last hour that was judged, and of the last that was as expected; null: none was. */
  readonly judgedToMs: number | null;
  readonly expectedToMs: number | null;
}

interface UnjudgedRow extends CandidateRow {
  readonly judged_to_ms: number | null;
  readonly expected_to_ms: number | null;
}

/** Watches of what is unexpected: they are judged once an hour, and from the history. */
export class UnexpectedLooks {
  constructor(private readonly pool: pg.Pool) {}

  /** Up to `limit` counters that were not judged up to the end of an hour; in any order, for instances share them. */
  async unjudged(hourEndMs: number, limit: number): Promise<UnjudgedHour[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<UnjudgedRow>(
        `SELECT ${millis('clock_timestamp()')} AS now_ms, s.name, ${OF_WATCH}, ${millis('s.judged_to')} AS judged_to_ms,
                ${millis('s.expected_to')} AS expected_to_ms
         FROM watches w JOIN watch_states s ON s.watch_id = w.id
         WHERE w.kind = 'unexpected' AND (s.judged_to IS NULL OR s.judged_to < to_timestamp($1::float8 / 1000))
         ORDER BY random() LIMIT $2`,
        [hourEndMs, limit],
      ),
    );
    return rows.map((row) => ({
      candidate: candidateOf(row),
      judgedToMs: row.judged_to_ms,
      expectedToMs: row.expected_to_ms,
    }));
  }

  /**
   * Notes what became of an hour.
   *
   * @param judged null: nothing that is new
   * @returns whether nobody else had judged it meanwhile
   */
  async note(
    { candidate, judgedToMs }: UnjudgedHour,
    judged: Judged | null,
    hourEndMs: number,
    expectedToMs: number | null,
  ): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE watch_states SET judged_to = to_timestamp($4::float8 / 1000), expected_to = to_timestamp($5::float8 / 1000)
         WHERE watch_id = $1 AND name = $2 AND judged_to IS NOT DISTINCT FROM to_timestamp($3::float8 / 1000)`,
        [candidate.watchId, candidate.name, judgedToMs, hourEndMs, expectedToMs],
      );
      if (rowCount !== 1) return false;
      if (judged !== null) await store(client, [judged]);
      return true;
    });
  }
}
