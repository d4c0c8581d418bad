import { randomInt } from 'node:crypto';

/**
 * Rows for one key. A batch that creates adds to one of them, which stays locked until it is committed: with so many,
 * two instances seldom meet at one.
 */
const ROWS = 16;

/** The row that a batch adds to. */
export function anyRow(): number {
  return randomInt(ROWS);
}

/**
 * Adds up what was created, by key. Rows are taken in the order of the keys, and after those of counters and of
 * idempotency keys in every statement, or two batches could wait for each other.
 *
 * @param created a relation of key_id, a row for each name; empty: nobody's
 * @param row a parameter
 */
export const countingNames = (created: string, row: string): string => `
    INSERT INTO names_created AS n (key_id, bucket, names)
    SELECT key_id, ${row}::smallint, count(*)
    FROM ${created} WHERE key_id <> '' GROUP BY key_id ORDER BY key_id COLLATE "C"
    ON CONFLICT (key_id, bucket) DO UPDATE SET names = n.names + excluded.names`;

/** Of the keys in a parameter what they have created, as JSON; null: nothing. */
export const namesCreatedBy = (keyIds: string): string => `(
    SELECT json_object_agg(key_id, names) FROM (
      SELECT key_id, sum(names) AS names FROM names_created WHERE key_id = ANY(${keyIds}::text[]) GROUP BY key_id
    ) AS sums)`;
