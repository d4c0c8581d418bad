import type pg from 'pg';
import { withClient } from '../clients.js';

/** What is left of watched counters, once it is long over or they are gone. */
export class WatchRemains {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Removes up to `limit` turns that are older, and tracks of prefixes whose counters are gone and of which nothing is
   * left to tell.
   *
   * @returns how many turns were removed
   */
  async removeTurns(days: number, limit: number): Promise<number> {
    return withClient(this.pool, async (client) => {
      const { rowCount } = await client.query(
        `DELETE FROM watch_turns WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM watch_turns WHERE at < now() - make_interval(days => $1) LIMIT $2))`,
        [days, limit],
      );
      await client.query(
        `DELETE FROM watch_states s USING watches w
         WHERE w.id = s.watch_id AND w.prefix IS NOT NULL AND s.state = 'no_data'
           AND s.since < now() - make_interval(days => $1)
           AND NOT EXISTS (SELECT FROM watch_turns t WHERE t.watch_id = s.watch_id AND t.name = s.name)`,
        [days],
      );
      return rowCount ?? 0;
    });
  }

  /**
   * Removes up to `limit` tracks of counters that are gone, with their turns, where a watch of a prefix has more than
   * `kept` of them; the oldest first.
   *
   * @returns how many tracks were removed
   */
  async removeCrowds(kept: number, limit: number): Promise<number> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ removed: number }>(
        `WITH gone AS (
           DELETE FROM watch_states s USING (
             SELECT w.id, old.name FROM watches w CROSS JOIN LATERAL (
               SELECT n.name FROM watch_states n
               WHERE n.watch_id = w.id AND n.state = 'no_data'
                 AND NOT EXISTS (SELECT FROM counters c WHERE c.name = n.name AND NOT c.deleted)
               ORDER BY n.since DESC, n.name OFFSET $1
             ) AS old
             WHERE w.prefix IS NOT NULL LIMIT $2
           ) AS old
           -- One that has come again meanwhile stays.
           WHERE s.watch_id = old.id AND s.name = old.name AND s.state = 'no_data'
           RETURNING s.watch_id, s.name
         ), turns AS (
           DELETE FROM watch_turns t USING gone WHERE t.watch_id = gone.watch_id AND t.name = gone.name
         )
         SELECT count(*)::int AS removed FROM gone`,
        [kept, limit],
      ),
    );
    return rows[0]?.removed ?? 0;
  }
}
