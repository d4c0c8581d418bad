import type pg from 'pg';
import { inTransaction } from './transaction.js';
import { utc } from './utc.js';

/** Ten million counters are added up in less, and a million ranked by change; nobody waits for what takes longer. */
const STATEMENT_TIMEOUT_MS = 15_000;

/** Above the server's own limit, so that it fires only when the server does not answer at all. */
const QUERY_TIMEOUT_MS = 16_000;

/** Whatever is asked, the other cores are left to those who write. */
const LIMITS = `SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET LOCAL max_parallel_workers_per_gather = 0`;

/** A statement that may take as long; pg takes a timeout for one query, and its types do not say so. */
export function patient(text: string, values: unknown[]): pg.QueryConfig & { readonly query_timeout: number } {
  return { text, values, query_timeout: QUERY_TIMEOUT_MS };
}

/**
 * Looks at many counters at once, and says when that was.
 *
 * @throws StoreFailure, also where it took too long
 */
export async function patiently<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T & { readonly asOf: string }> {
  return inTransaction(pool, async (client) => {
    await client.query(LIMITS);
    const { rows } = await client.query<{ now: string }>(`SELECT ${utc('clock_timestamp()')} AS now`);
    const [clock] = rows;
    if (clock === undefined) throw new Error('a clock has one time');
    return { ...(await work(client)), asOf: clock.now };
  });
}
