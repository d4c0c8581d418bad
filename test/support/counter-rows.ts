/** Counters that are there by SQL, in the buckets of their names: more than one would bring into being by calls. */
import type pg from 'pg';
import type { Buckets } from '../../src/domain/bucket.js';

/**
 * In one statement: some hundred thousand of them at a time.
 *
 * @param buckets how the database is divided
 * @param valueAt of the n-th of the names, from 0
 * @param ago as Postgres reads it, such as `1 hour`
 */
export async function insertCounters(
  client: pg.ClientBase,
  buckets: Buckets,
  names: readonly string[],
  valueAt: (place: number) => number = () => 1,
  ago = '0 s',
): Promise<void> {
  await client.query(
    `INSERT INTO counters (bucket, name, value, version, created_at, updated_at)
     SELECT bucket, name, value, 1, now() - $4::interval, now() - $4::interval
     FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS made (bucket, name, value)`,
    [buckets.ofEach(names), names, names.map((_, place) => valueAt(place)), ago],
  );
}

/** `count` names, of the numbers from 1 on. */
export const namesOf = (count: number, name: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => name(index + 1));
