import type pg from 'pg';
import { IS_LIVE } from './counter-row.js';
import { withClient } from './clients.js';
import { endOfPrefix } from './prefix.js';
import type { Replication } from './replication.js';

/** Where a name stands in the walk, 0 to 2^52 - 1; as the index has it. */
const PLACE = '(hashtextextended(name, 0) & 4503599627370495)';

/** $1 the first place, $2 how many, $3 and $4 a range of names. Whoever stands at one place comes in one step. */
const STEP = `
  SELECT place::float8 AS place, CASE WHEN is_wanted THEN name END AS name
  FROM (
    SELECT name, ${PLACE} AS place, ${IS_LIVE} AND name BETWEEN $3 AND $4 AS is_wanted
    FROM counters WHERE NOT deleted AND ${PLACE} >= $1
    ORDER BY ${PLACE} FETCH FIRST ($2) ROWS WITH TIES
  ) AS step`;

/**
 * Walks through the names in an order that any instance knows, and that stays when names come and go: a walk that was
 * begun meets every name that is there from its begin to its end.
 */
export class NameWalk {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
  ) {}

  /**
   * The next names, of those that begin with a prefix: often fewer than were looked at.
   *
   * @param from the place to begin at: 0, or what the step before said
   * @param limit how many are looked at, 1 to 1000
   * @returns the place to go on at; 0 at the end
   */
  async step(from: number, limit: number, prefix: string): Promise<{ names: string[]; next: number }> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ place: number; name: string | null }>({
        name: 'walk-names',
        text: STEP,
        values: [from, limit, prefix, endOfPrefix(prefix)],
      }),
    );
    await this.replication.confirm();
    const last = rows.at(-1);
    const next = rows.length < limit || last === undefined ? 0 : last.place + 1;
    return { names: rows.flatMap(({ name }) => name ?? []), next };
  }

  /** How many counters there are whose names begin with a prefix. Looks at each of them. */
  async count(prefix: string): Promise<number> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ count: number }>(
        `SELECT count(*)::float8 AS count FROM counters WHERE ${IS_LIVE} AND name BETWEEN $1 AND $2`,
        [prefix, endOfPrefix(prefix)],
      ),
    );
    await this.replication.confirm();
    return rows[0]?.count ?? 0;
  }
}
