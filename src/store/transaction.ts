import type pg from 'pg';
import { withClient } from './clients.js';
import { failureOf } from './failure.js';

/** Runs `work` in a transaction on a connection of the pool. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return withClient(pool, async (client) => {
    await client.query('BEGIN');
    try {
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      const failure = failureOf(error);
      // Where its state is not known the connection is destroyed, and the transaction with it.
      if (failure.fate !== 'unknown') await client.query('ROLLBACK');
      throw failure;
    }
  });
}
