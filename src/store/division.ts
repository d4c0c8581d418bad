import type pg from 'pg';
import { ConfigError } from '../config/config.js';
import { Buckets } from '../domain/bucket.js';

/**
 * How the truth of a database is divided, which stays as it was when it was created.
 *
 * @param wanted how many buckets the configuration says; null: nothing
 * @throws ConfigError where it says another number
 */
export async function divisionOf(client: pg.ClientBase, wanted: number | null): Promise<Buckets> {
  const { rows } = await client.query<DivisionRow>(DIVISION);
  return bucketsOf(rows, wanted);
}

/** One row. */
export const DIVISION = 'SELECT buckets FROM division';

export interface DivisionRow {
  readonly buckets: number;
}

/** @throws ConfigError where another number is wanted */
export function bucketsOf([row]: readonly DivisionRow[], wanted: number | null): Buckets {
  const count = row?.buckets ?? 1;
  if (wanted !== null && wanted !== count) {
    throw new ConfigError(
      `BUCKETS: got ${wanted}; takes ${count} or nothing, since this database was created with ${count}`,
    );
  }
  return new Buckets(count);
}
