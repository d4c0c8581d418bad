import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number will do, as long as it is only used for this. */
const MIGRATION_LOCK = 7_239_054_118;

/** Another instance may be running long migrations; it is waited for. */
const NO_TIMEOUT_MS = 0;

/** A setting of Postgres under which a commit would not survive a crash, or that is not the primary. */
export class UnsafeDatabase extends Error {
  override readonly name = 'UnsafeDatabase';
}

/**
 * Brings the schema up to date. Safe with many instances starting at once: one migrates, the others wait and find
 * nothing left to do.
 *
 * @param url of a role that may change the schema; a direct connection, since the lock belongs to the session
 */
export async function migrate(url: string): Promise<void> {
  // One for the lock, one for the migrations.
  const dataSource = new DataSource(
    dataSourceOptions(url, 2, {
      statement_timeout: NO_TIMEOUT_MS,
      query_timeout: NO_TIMEOUT_MS,
      lock_timeout: NO_TIMEOUT_MS,
      idle_in_transaction_session_timeout: NO_TIMEOUT_MS,
    }),
  );
  await dataSource.initialize();
  const session = dataSource.createQueryRunner();
  try {
    await session.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations();
    await session.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await session.release();
    await dataSource.destroy();
  }
}

/**
 * Refuses a Postgres on which "committed" would not mean "survives a crash".
 *
 * @throws UnsafeDatabase naming the setting and the remedy
 */
export async function refuseUnsafe(dataSource: DataSource): Promise<void> {
  const [settings] = await dataSource.query<{ fsync: string; synchronous_commit: string; standby: boolean }[]>(`
    SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
           pg_is_in_recovery() AS standby`);
  if (settings === undefined) throw new UnsafeDatabase('Postgres did not say how it is set');
  if (settings.standby) throw new UnsafeDatabase('DATABASE_URL leads to a standby; it must lead to the primary');
  if (settings.fsync !== 'on') throw new UnsafeDatabase('Postgres has fsync=off; set fsync=on');
  if (settings.synchronous_commit === 'off') {
    throw new UnsafeDatabase('Postgres has synchronous_commit=off; set it to on, for the database or the role');
  }
}
