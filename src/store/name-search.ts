import type pg from 'pg';
import { type Counter, isCounter } from '../domain/counter.js';
import { COUNTER_COLUMNS, type CounterRow, IS_LIVE, truthOf } from './counter-row.js';
import type { Page } from './counter-pages.js';
import { withReader } from './clients.js';
import { isStatementTimeout, StoreFailure } from './failure.js';
import { endOfPrefix } from './prefix.js';
import type { Replication } from './replication.js';

/** Names that one statement looks through: some milliseconds, and on a disk that is asleep far below its timeout. */
const NAMES_IN_STEP = 2_000;

/** How long one search goes on looking: what it has not come to by then, the next page does. */
const LONGEST_LOOK_MS = 250;

/** What a search by a part of names came to. */
export interface FoundNames {
  readonly counters: Counter[];
  /** The name up to which it looked; null: to the end. */
  readonly upTo: string | null;
  /** How many names it looked through. */
  readonly looked: number;
}

/** $1 after which name, $2 and $3 the first and the last of the prefix, $4 how many to look through, $5 what, $6 how many. */
const STEP = `
  WITH looked AS MATERIALIZED (
    SELECT name FROM counters WHERE name > $1 AND name BETWEEN $2 AND $3 AND NOT deleted ORDER BY name LIMIT $4
  )
  SELECT (SELECT count(*)::int FROM looked) AS looked, (SELECT name FROM looked ORDER BY name DESC LIMIT 1) AS last,
         ARRAY(SELECT name FROM looked WHERE strpos(name, $5) > 0 ORDER BY name LIMIT $6) AS names`;

interface Step {
  readonly looked: number;
  readonly last: string | null;
  readonly names: string[];
}

/**
 * Finds names by a part of them, however many there are: it walks through them in order, by the index of those that are
 * live, and stops when its time is over. No index on parts of names slows down who creates one.
 */
export class NameSearch {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
  ) {}

  /**
   * The next counters whose names contain a text; none, too, where it did not come to one in its time.
   *
   * @throws StoreFailure
   */
  async find(text: string, page: Page): Promise<FoundNames> {
    const startedAtMs = performance.now();
    const counters: Counter[] = [];
    let [looked, upTo] = [0, page.after];
    do {
      const room = page.limit - counters.length;
      const step = await this.step(text, { ...page, after: upTo, limit: room }, upTo !== page.after);
      if (step === null) break;
      looked += step.looked;
      counters.push(...(await this.read(step.names)));
      // Behind the last that there was room for, there may be others.
      const isCut = step.names.length === room;
      if (!isCut && step.looked < NAMES_IN_STEP) return { counters, upTo: null, looked };
      upTo = (isCut ? step.names.at(-1) : step.last) ?? upTo;
      if (counters.length === page.limit) break;
    } while (performance.now() - startedAtMs < LONGEST_LOOK_MS);
    return { counters, upTo, looked };
  }

  /** @returns null where it took too long and something was looked at before: the next page tries again */
  private async step(text: string, { prefix, after, limit }: Page, isLater: boolean): Promise<Step | null> {
    try {
      const { rows } = await withReader(this.pool, (client) =>
        client.query<Step>(STEP, [after ?? '', prefix, endOfPrefix(prefix), NAMES_IN_STEP, text, limit]),
      );
      return rows[0] ?? null;
    } catch (error) {
      if (isLater && error instanceof StoreFailure && isStatementTimeout(error)) return null;
      throw error;
    }
  }

  private async read(names: readonly string[]): Promise<Counter[]> {
    if (names.length === 0) return [];
    const { rows } = await withReader(this.pool, (client) =>
      client.query<CounterRow>(
        `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name = ANY($1::text[]) AND ${IS_LIVE} ORDER BY name`,
        [names],
      ),
    );
    await this.replication.confirm();
    return rows.map(truthOf).filter(isCounter);
  }
}
