import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource, type DataSourceOptions, MigrationExecutor, QueryFailedError, type QueryRunner } from 'typeorm';
import { LOCKS } from './advisory-locks.js';
import { connectionConfig, type Limits, LOCK_TIMEOUT_MS } from './connections.js';
import { bucketsOf, DIVISION, type DivisionRow } from './division.js';
import { failureOf, isStatementTimeout } from './failure.js';
import { migrationFault } from './migration-faults.js';
import { WANTED_BUCKETS } from './migrations/1768000000000-buckets.js';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations/migrations.js';
import { routeOf } from './route.js';
import { settle } from './session-check.js';

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

/** How long a migration may keep somebody else waiting for a lock, whether it holds it or waits for it itself. */
const MAY_BLOCK_MS: number = 800;
if (MAY_BLOCK_MS >= LOCK_TIMEOUT_MS) throw new RangeError('writers would give up before a migration does');

/** How often it is looked at whether somebody waits. */
const LOOK_INTERVAL_MS = 100;

/** A migration that was in the way is tried again after this long, with jitter: whoever was in its way may be gone. */
const RETRY_PAUSE_MS = 1_000;

/** Some minutes in all: then a person should look. */
const ATTEMPTS = 100;

/**
 * A data source for migrations alone; every other statement goes by the pools.
 *
 * @param connections how many at most
 * @param limits those that differ from every session's
 * @param buckets into which a new database is divided; null: it is not
 */
export function dataSourceOptions(
  url: string,
  connections: number,
  limits: Partial<Limits> = {},
  buckets: number | null = null,
): DataSourceOptions {
  const config = connectionConfig(url, limits, {}, settle);
  const onConnect = async (client: pg.ClientBase): Promise<void> => {
    await config.onConnect(client);
    await client.query('SELECT set_config($1, $2, false)', [WANTED_BUCKETS, String(buckets ?? '')]);
  };
  return {
    type: 'postgres',
    // Left to itself, TypeORM looks for the package by its name, which one file for all has none of.
    driver: pg,
    // Of the name of the database in it; where sessions lead to, the rest says.
    url: routeOf(url).connectionString,
    migrations: MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
    // One by one: CREATE INDEX CONCURRENTLY must be able to opt out of a transaction.
    migrationsTransactionMode: 'each',
    poolSize: connections,
    extra: { ...config, onConnect },
  };
}

/**
 * Brings the schema up to date. Safe with many instances starting at once: one migrates, the others wait and find
 * nothing left to do.
 *
 * @param url of a role that may change the schema; a direct connection
 * @param buckets into which the truth is divided where the database is new; null: it is not
 * @throws ConfigError where tables of another program have the names of ours, the role may not change what is there, or the
 *   database was divided otherwise before
 */
export async function migrate(url: string, buckets: number | null = null): Promise<void> {
  // One for the lock, one for the migrations, one that looks whether they are in the way.
  const dataSource = new DataSource(dataSourceOptions(url, 3, UNLIMITED, buckets));
  await dataSource.initialize();
  const session = dataSource.createQueryRunner();
  try {
    await takeLock(session);
    await applyMigrations(dataSource);
    await session.commitTransaction();
    bucketsOf(await dataSource.query<DivisionRow[]>(DIVISION), buckets);
  } catch (error) {
    throw (await migrationFault(error, dataSource, MIGRATIONS_TABLE)) ?? error;
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
    const [row] = (await session.query(`SELECT pg_try_advisory_xact_lock(${LOCKS.migrations}) AS taken`)) as {
      taken: boolean;
    }[];
    if (row?.taken === true) return;
    await session.commitTransaction();
    await sleep(LOCK_POLL_MS);
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
 * Whether somebody waits for a session, directly or behind it in a queue, for too long. The mode that is left out is that
 * of vacuums and of indices that are built beside writers: those may wait. Without parameters: CREATE INDEX CONCURRENTLY
 * waits for a transaction whose last statement had some.
 */
const isInTheWay = (pid: number): string => `
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE NOT granted AND mode <> 'ShareUpdateExclusiveLock'
      AND waitstart < clock_timestamp() - interval '${MAY_BLOCK_MS} ms'
      AND ${pid} = ANY (pg_blocking_pids(pid))
  ) AS blocks`;

/**
 * Applies what is missing, each in a transaction of its own. One that keeps others waiting for a lock for longer than
 * 0.8 s is cancelled, rolled back and tried again.
 *
 * @throws Error of the migration that failed
 */
export async function applyMigrations(dataSource: DataSource): Promise<void> {
  // In no transaction: CREATE INDEX CONCURRENTLY would wait for it.
  const watcher = dataSource.createQueryRunner();
  try {
    await applyWatched(dataSource, watcher);
  } finally {
    await watcher.release();
  }
}

async function applyWatched(dataSource: DataSource, watcher: QueryRunner): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const runner = dataSource.createQueryRunner();
    try {
      const [{ pid } = { pid: 0 }] = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
      await cancelledWhenInTheWay(pid, watcher, async () => {
        const executor = new MigrationExecutor(dataSource, runner);
        // One by one: a later CREATE INDEX CONCURRENTLY must be able to opt out of a transaction.
        executor.transaction = 'each';
        await executor.executePendingMigrations();
      });
      return;
    } catch (error) {
      if (!wasCancelled(error) || attempt === ATTEMPTS) throw error;
      await sleep(RETRY_PAUSE_MS * (1 + Math.random()));
    } finally {
      await runner.release();
    }
  }
}

async function cancelledWhenInTheWay(pid: number, watcher: QueryRunner, migrate: () => Promise<void>): Promise<void> {
  const ended = new AbortController();
  const migrating = migrate().finally(() => ended.abort());
  const [result, watched] = await Promise.allSettled([migrating, cancelInTheWay(pid, watcher, ended.signal)]);
  if (result.status === 'rejected') throw result.reason;
  if (watched.status === 'rejected') throw watched.reason;
}

async function cancelInTheWay(pid: number, watcher: QueryRunner, ended: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(LOOK_INTERVAL_MS, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    const [row] = (await watcher.query(isInTheWay(pid))) as { blocks: boolean }[];
    if (row?.blocks === true) await watcher.query(`SELECT pg_cancel_backend(${pid})`);
  }
}

function wasCancelled(error: unknown): boolean {
  return error instanceof QueryFailedError && isStatementTimeout(failureOf(error.driverError));
}
