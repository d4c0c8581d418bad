/**
 * The version at which names are absent that have no row, as the statement sees it that this is part of.
 *
 * Whoever reads it to write holds a lock on its table until the end of the transaction, as Postgres takes locks before
 * the snapshot. So nobody can still create by an older floor once a newer one is committed.
 */
export const FLOOR = '(SELECT floor FROM version_floor)';
