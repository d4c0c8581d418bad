import type pg from 'pg';
import type { Truth } from '../domain/counter.js';
import { COUNTER_COLUMNS, type CounterRow, truthOf } from './counter-row.js';
import { withClient } from './failure.js';

/** The highest code point, as often as fits into the longest name: above every name that begins with a prefix. */
const ABOVE_ALL = '\u{10FFFF}'.repeat(64);

/** Walks through all names in byte order, deleted ones included, page by page: no snapshot is held meanwhile. */
export class CounterPages {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * The truths of the next names.
   *
   * @param after names after this one; '' from the first
   * @param prefix names that begin with it; '' all
   * @returns fewer than `limit` at the end
   * @throws StoreFailure
   */
  async next(after: string, prefix: string, limit: number): Promise<Truth[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<CounterRow>({
        name: 'counter-pages',
        // A range instead of LIKE: the index serves it, and no character of a prefix is special.
        text: `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name > $1 AND name BETWEEN $2 AND $3
               ORDER BY name LIMIT $4`,
        values: [after, prefix, prefix + ABOVE_ALL, limit],
      }),
    );
    return rows.map(truthOf);
  }

  /**
   * About how many names there are, as Postgres last counted them; 0 where it never did.
   *
   * @throws StoreFailure
   */
  async estimate(): Promise<number> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ about: number }>(
        "SELECT greatest(reltuples, 0)::float8 AS about FROM pg_class WHERE oid = 'counters'::regclass",
      ),
    );
    return rows[0]?.about ?? 0;
  }
}
