import type pg from 'pg';
import { type Counter, isCounter, type Truth } from '../domain/counter.js';
import { COUNTER_COLUMNS, type CounterRow, IS_LIVE, truthOf } from './counter-row.js';
import { withReader } from './clients.js';
import { COUNTERS } from './guard-state.js';
import { endOfPrefix } from './prefix.js';
import type { Replication } from './replication.js';

/** Which names a page begins after, and how many it holds. */
export interface Page {
  /** Names that begin with it; '' all. */
  readonly prefix: string;
  /** Names after this one, in byte order; null: from the first. */
  readonly after: string | null;
  /** 1 to 10,000. */
  readonly limit: number;
}

/**
 * Walks through the truth in byte order of names, page by page: no snapshot is held meanwhile, and the promise of single
 * reads does not cover it.
 */
export class CounterPages {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
  ) {}

  /** The next counters that are there. */
  async counters(page: Page): Promise<{ counters: Counter[]; hasMore: boolean }> {
    const found = (await this.rows({ ...page, limit: page.limit + 1 }, `AND ${IS_LIVE}`)).filter(isCounter);
    return { counters: found.slice(0, page.limit), hasMore: found.length > page.limit };
  }

  /**
   * The truths of the next names, deleted ones included.
   *
   * @returns fewer than the limit at the end
   */
  async truths(page: Page): Promise<Truth[]> {
    return this.rows(page, '');
  }

  /** About how many names there are, as Postgres last counted them; 0 where it never did. */
  async estimate(): Promise<number> {
    const { rows } = await withReader(this.pool, (client) =>
      client.query<{ about: number }>(
        "SELECT greatest(reltuples, 0)::float8 AS about FROM pg_class WHERE oid = 'counters'::regclass",
      ),
    );
    return rows[0]?.about ?? 0;
  }

  /** Which counters these are: those of another database, or of one that was restored into, are others. */
  async identity(): Promise<string> {
    const { rows } = await withReader(this.pool, (client) =>
      client.query<{ counters: string }>(`SELECT ${COUNTERS} AS counters`),
    );
    return rows[0]?.counters ?? '';
  }

  private async rows({ prefix, after, limit }: Page, condition: string): Promise<Truth[]> {
    const { rows } = await withReader(this.pool, (client) =>
      client.query<CounterRow>(
        // A range instead of LIKE: the index serves it, and no character of a prefix is special.
        `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name > $1 AND name BETWEEN $2 AND $3 ${condition}
         ORDER BY name LIMIT $4`,
        [after ?? '', prefix, endOfPrefix(prefix), limit],
      ),
    );
    await this.replication.confirm();
    return rows.map(truthOf);
  }
}
