import pg from 'pg';
import { DataSource } from 'typeorm';
import { certificateFault } from '../config/certificates.js';
import { ConfigError, type DatabaseSettings } from '../config/config.js';
import { connectionConfig } from './connections.js';
import { dataSourceOptions, MIGRATIONS_TABLE } from './data-source.js';
import { settle, UnsafeDatabase } from './session-check.js';

/** Any number will do, as long as it is only used for this. */
const MIGRATION_LOCK = 7_239_054_118;

/** Another instance may be running long migrations; it is waited for. */
const UNLIMITED = { statement_timeout: 0, query_timeout: 0, lock_timeout: 0, idle_in_transaction_session_timeout: 0 };

/** A Postgres that starts together with the service is waited for this long: attempts times the pause between them. */
const START_ATTEMPTS = 15;
const START_RETRY_MS = 1_000;

/**
 * Brings the schema up to date. Safe with many instances starting at once: one migrates, the others wait and find
 * nothing left to do.
 *
 * @param url of a role that may change the schema; a direct connection, since the lock belongs to the session
 */
export async function migrate(url: string): Promise<void> {
  // One for the lock, one for the migrations.
  const dataSource = new DataSource(dataSourceOptions(url, 2, UNLIMITED, settle));
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
  const dataSource = new DataSource(dataSourceOptions(url, 1, {}, settle));
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
  const { onConnect, ...config } = connectionConfig(url);
  const client = new pg.Client(config);
  // A connection that breaks also fails the query on it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await onConnect(client);
  } finally {
    await client.end();
  }
}
