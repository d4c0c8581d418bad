/**
 * Removes up to $3 of the oldest rows of a log, as far as they are older than $1 days by the database's clock or beyond the
 * latest $2. Those that another instance is just removing are passed over.
 */
export function removeOldest(log: 'audit' | 'happenings'): string {
  return `
    DELETE FROM ${log} WHERE id = ANY (ARRAY(
      SELECT id FROM (SELECT id, at FROM ${log} ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED) AS oldest
      WHERE at < now() - make_interval(days => $1) OR id <= (SELECT max(id) FROM ${log}) - $2::bigint))`;
}
