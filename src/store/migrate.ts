import { Logger } from '@nestjs/common';
import { DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { certificateFault } from '../config/certificates.js';
import { ConfigError, type DatabaseSettings } from '../config/config.js';
import { databaseHosts } from '../config/database-hosts.js';
import { beginBehind, connectionConfig } from './connections.js';
import { dataSourceOptions, MIGRATIONS_TABLE } from './data-source.js';
import { applyMigrations } from './migration-run.js';
import { refusePooler } from './pooler.js';
import { NoPrimary, PrimaryFinder } from './primary-finder.js';
import { settle, UnsafeDatabase } from './session-check.js';

/** Any number will do, as long as it is only used for this. */
const MIGRATION_LOCK = 7_239_054_118;

/** Another instance may be running long migrations; it is waited for, whatever the database says of timeouts. */
const UNLIMITED = {
  statement_timeout: 0,
  query_timeout: 0,
  lock_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  // Nobody is served yet, and it is not tried again: a machine on which many start at once may take its time.
  connectionTimeoutMillis: 10_000,
};

/** Between two looks whether another instance is done with its migrations. */
const LOCK_POLL_MS = 100;

/** A failover that is under way, or a Postgres that starts together with the service, is over by then. */
const PRIMARY_PATIENCE_MS = 60_000;
const START_RETRY_MS = 1_000;

/**
 * Brings the schema up to date. Safe with many instances starting at once: one migrates, the others wait and find
 * nothing left to do.
 *
 * @param url of a role that may change the schema; a direct connection
 * @throws ConfigError where tables of another program have the names of ours
 */
export async function migrate(url: string): Promise<void> {
  // One for the lock, one for the migrations, one that looks whether they are in the way.
  const dataSource = new DataSource(dataSourceOptions(url, 3, UNLIMITED, settle));
  await dataSource.initialize();
  const session = dataSource.createQueryRunner();
  try {
    await takeLock(session);
    await applyMigrations(dataSource);
    await session.commitTransaction();
  } catch (error) {
    throw ofAnotherProgram(error) ?? error;
  } finally {
    await session.release();
    await dataSource.destroy();
  }
}

/**
 * Takes the lock of whoever migrates, for the length of a transaction that is left open: a lock that is left behind on
 * a pooler's session would never be given up. CREATE INDEX CONCURRENTLY waits for every transaction in which a statement
 * runs when it looks, and until that transaction ends. So nobody waits for the lock in a statement, each try is a
 * transaction of its own, and in the one that has the lock nothing is asked any more.
 */
async function takeLock(session: QueryRunner): Promise<void> {
  for (;;) {
    await session.startTransaction();
    const [row] = (await session.query(`SELECT pg_try_advisory_xact_lock(${MIGRATION_LOCK}) AS taken`)) as {
      taken: boolean;
    }[];
    if (row?.taken === true) return;
    await session.commitTransaction();
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** SQLSTATEs of a table, column or index that is there already, or of a column that is not where ours has one. */
const CLASHES: ReadonlySet<unknown> = new Set(['42P07', '42701', '42710', '42703']);

/** Says so where a migration met tables that are not ours; null: it failed for another reason. */
function ofAnotherProgram(error: unknown): ConfigError | null {
  if (!(error instanceof QueryFailedError) || !CLASHES.has((error.driverError as { code?: unknown }).code)) return null;
  return new ConfigError(
    `DATABASE_URL: the database holds tables of another program under the names of ours (${error.message}); ` +
      'give evercount a database of its own',
    { cause: error },
  );
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
 * Waits for a primary, refuses one that would lose what it acknowledged, and brings its schema up to date.
 *
 * @param patienceMs how long the primary is waited for
 * @throws UnsafeDatabase naming the setting and the remedy
 * @throws ConfigError where its certificate is not accepted, it cannot hold every name, or a pooler gives sessions away
 * @throws NoPrimary where there is none in time, naming the place
 */
export async function prepareDatabase(settings: DatabaseSettings, patienceMs = PRIMARY_PATIENCE_MS): Promise<void> {
  const { url, migrationsUrl, migrateOnStart, pooler } = settings;
  const giveUpAtMs = performance.now() + patienceMs;
  const log = new Logger('Database');
  for (let isFirst = true; ; isFirst = false) {
    try {
      await refusePooler('DATABASE_URL', url, pooler !== null);
      if (migrationsUrl !== url) await refusePooler('MIGRATIONS_DATABASE_URL', migrationsUrl, false);
      await refuseUnsafe(url, pooler);
      break;
    } catch (error) {
      const certificate = certificateFault(error as Error);
      if (certificate !== null) throw new ConfigError(`DATABASE_URL: Postgres is not trusted: ${certificate}`);
      if (error instanceof UnsafeDatabase || error instanceof ConfigError) throw error;
      const fault = error instanceof NoPrimary ? error : noPrimaryAt(url, error);
      if (performance.now() + START_RETRY_MS > giveUpAtMs) throw fault;
      if (isFirst) log.warn(`${fault.message}; one is waited for`);
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
  if (migrateOnStart) await migrate(migrationsUrl);
}

/** In the words for several hosts, where there is one. */
function noPrimaryAt(url: string, cause: unknown): NoPrimary {
  const [host] = new PrimaryFinder(databaseHosts(url)).hosts;
  // Node names no reason where it tried several addresses of a name.
  const tried = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const reason = tried instanceof Error ? tried.message : String(tried);
  return new NoPrimary(`no primary at ${host?.name} (${reason})`, { cause });
}

/** Refuses a Postgres on which "committed" would not mean "survives a crash". */
async function refuseUnsafe(url: string, pooler: DatabaseSettings['pooler']): Promise<void> {
  const { onConnect, Client, ...config } = connectionConfig(url, {}, {}, beginBehind(pooler));
  const client = new Client(config);
  // A connection that breaks also fails the query on it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await onConnect(client);
  } finally {
    await client.end();
  }
}
