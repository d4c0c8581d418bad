/** What the benchmark itself asks of Postgres. */
import pg from 'pg';
import { median } from './median.js';
import { CREATE_TABLE, UPSERT } from './opponents/upsert.js';

const LONE_COMMITS = 100;

/** Runs statements on a connection of their own. */
export async function inPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}

/** Milliseconds that one upsert takes while nothing else is committed: what batches are measured against. */
export function loneCommitMs(url: string): Promise<number> {
  return inPostgres(url, async (client) => {
    await client.query(CREATE_TABLE);
    const timesMs: number[] = [];
    while (timesMs.length < LONE_COMMITS) {
      const startMs = performance.now();
      await client.query({ name: 'upsert', text: UPSERT, values: ['lone'] });
      timesMs.push(performance.now() - startMs);
    }
    return median(timesMs);
  });
}
