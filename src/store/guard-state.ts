/** What a row of the guard says: of the whole, or of one unit of a cluster. */
export interface UnitState {
  readonly epoch: string;
  /** The Redis everybody may read, or the place of a unit; null before the first was named. */
  readonly redis: string | null;
  /** Of the election by which it was named, where there are elections; else 0. */
  readonly rank: number;
  /** Whether permissions to read the Redis that was named before have surely run out. */
  readonly settled: boolean;
  /** Another one after each registration and renewal of a blind period. */
  readonly period: string;
  /** Whether some instance waited until this period, of this database, was surely over. */
  readonly vouched: boolean;
}

/** Which counters these are, whenever the server was started. */
export const COUNTERS = `concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
  (SELECT oid FROM pg_database WHERE datname = current_database()),
  pg_relation_filenode('counters'))`;

/** Which data this is. */
export const DATABASE = `concat_ws('.', ${COUNTERS}, extract(epoch FROM pg_postmaster_start_time()))`;

/**
 * For a change that counts on this server alone, such as of what holds for `DATABASE` only: a failover may lose it. It is
 * committed without waiting for a standby; and while another change of the guard's row may wait for one, whoever makes
 * this one does not wait for that: nothing is changed.
 */
export const WITHOUT_WAITING = `EXISTS (
  SELECT FROM cache_guard WHERE set_config('synchronous_commit', 'local', true) = 'local' FOR NO KEY UPDATE SKIP LOCKED)`;
