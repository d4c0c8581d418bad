import pg from 'pg';
import { DataSource } from 'typeorm';
import { certificateFault } from '../config/certificates.js';
import { ConfigError, type DatabaseSettings } from '../config/config.js';
import { SESSION_OPTIONS } from './connections.js';
import { dataSourceOptions, MIGRATIONS_TABLE } from './data-source.js';

/** Any number will do, as long as it is only used for this. */
const MIGRATION_LOCK = 7_239_054_118;

/** Another instance may be running long migrations; it is waited for. */
const NO_TIMEOUT_MS = 0;

/** A Postgres that starts together with the service is waited for this long: attempts times the pause between them. */
const START_ATTEMPTS = 15;
const START_RETRY_MS = 1_000;

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

/** A migration, and whether this database has it. */
export interface MigrationState {
  readonly name: string;
  readonly applied: boolean;
}

/** Which migrations there are, in their order; nothing is changed. */
export async function migrationStates(url: string): Promise<MigrationState[]> {
  const dataSource = new DataSource(dataSourceOptions(url, 1));
  await dataSource.initialize();
  try {
    const [{ found } = { found: null }] = await dataSource.query<{ found: string | null }[]>(
      'SELECT to_regclass($1)::text AS found',
      [MIGRATIONS_TABLE],
    );
    const rows =
      found === null ? [] : await dataSource.query<{ name: string }[]>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
    const applied = new Set(rows.map(({ name }) => name));
    return dataSource.migrations.map(({ name, constructor }) => {
      const known = name ?? constructor.name;
      return { name: known, applied: applied.has(known) };
    });
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Waits for Postgres, refuses one that would lose what it acknowledged, and brings its schema up to date.
 *
 * @throws UnsafeDatabase naming the setting and the remedy
 * @throws ConfigError where its certificate is not accepted
 */
export async function prepareDatabase({ url, migrationsUrl, migrateOnStart }: DatabaseSettings): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await refuseUnsafe(url);
      break;
    } catch (error) {
      const certificate = certificateFault(error as Error);
      if (certificate !== null) throw new ConfigError(`DATABASE_URL: Postgres is not trusted: ${certificate}`);
      if (error instanceof UnsafeDatabase || attempt === START_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
  if (migrateOnStart) await migrate(migrationsUrl);
}

/** Refuses a Postgres on which "committed" would not mean "survives a crash". */
async function refuseUnsafe(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, ...SESSION_OPTIONS });
  // A connection that breaks also fails the query on it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ fsync: string; synchronous_commit: string; standby: boolean }>(`
      SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
             pg_is_in_recovery() AS standby`);
    const [settings] = rows;
    if (settings === undefined) throw new UnsafeDatabase('Postgres did not say how it is set');
    if (settings.standby) throw new UnsafeDatabase('DATABASE_URL leads to a standby; it must lead to the primary');
    if (settings.fsync !== 'on') throw new UnsafeDatabase('Postgres has fsync=off; set fsync=on');
    // `local` is safe on this server alone: it does not wait for the synchronous standby that a failover would go to.
    if (['off', 'local'].includes(settings.synchronous_commit)) {
      throw new UnsafeDatabase(
        `Postgres has synchronous_commit=${settings.synchronous_commit}; set it to on, for the database or the role`,
      );
    }
  } finally {
    await client.end();
  }
}
