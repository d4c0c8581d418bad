import type pg from 'pg';
import { migrationStates } from '../store/migrate.js';
import { bad, type Finding, good, hint } from './findings.js';

const OLDEST_VERSION = 150_000;

/** Two clocks that differ by more make times in answers and in logs hard to bring together. */
const CLOCK_TOLERANCE_MS = 1_000;

/** A commit takes at least one round trip; above this, writes are slow whatever else is done. */
const SLOW_ROUND_TRIP_MS = 20;

/** One instance, and another one that starts while the first still runs. */
const INSTANCES_SHARING = 2;

interface Facts {
  readonly version: string;
  readonly version_number: number;
  readonly encoding: string;
  readonly standby: boolean;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly standbys: string;
  readonly isolation: string;
  readonly connections: number;
  readonly role: string;
  readonly control: boolean;
  readonly clock_ms: number;
}

/** How the settings of Postgres, the role and the schema suit the service. */
export async function examinePostgres(pool: pg.Pool, poolSize: number, migrationsUrl: string): Promise<Finding[]> {
  // The first one also connects.
  await pool.query('SELECT 1');
  const sentAtMs = Date.now();
  const begin = performance.now();
  const { rows } = await pool.query<Facts>(`
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
           current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby,
           current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('synchronous_standby_names') AS standbys,
           (SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_isolation') AS isolation,
           current_setting('max_connections')::int AS connections, current_user AS role,
           has_function_privilege('pg_control_system()', 'EXECUTE') AS control,
           (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS clock_ms`);
  const tookMs = performance.now() - begin;
  const [facts] = rows;
  if (facts === undefined) return [bad('Postgres', 'did not say how it is set', 'look into its log')];
  return [
    ...settingsOf(facts, poolSize),
    clockOf('clock of Postgres', facts.clock_ms - (sentAtMs + tookMs / 2)),
    tookMs > SLOW_ROUND_TRIP_MS
      ? hint('round trip to Postgres', `${tookMs.toFixed(1)} ms`, 'keep the service near its database')
      : good('round trip to Postgres', `${tookMs.toFixed(1)} ms`),
    ...(await schemaOf(pool, facts.role, migrationsUrl)),
  ];
}

function settingsOf(facts: Facts, poolSize: number): Finding[] {
  const { version, fsync, full_page_writes: pages, synchronous_commit: commit, standbys, connections } = facts;
  const needed = poolSize * INSTANCES_SHARING + 2;
  return [
    facts.version_number >= OLDEST_VERSION
      ? good('Postgres', version)
      : bad('Postgres', version, 'move to Postgres 15 or newer'),
    facts.encoding === 'UTF8'
      ? good('encoding', facts.encoding)
      : bad('encoding', facts.encoding, "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, then export and import"),
    facts.standby
      ? bad('primary', 'this one is a standby', 'let DATABASE_URL lead to the primary')
      : good('primary', 'yes'),
    fsync === 'on' ? good('fsync', fsync) : bad('fsync', fsync, 'set fsync = on: a crash would lose what was counted'),
    pages === 'on'
      ? good('full_page_writes', pages)
      : bad('full_page_writes', pages, 'set full_page_writes = on, unless the file system never tears a page'),
    commit === 'off'
      ? bad('synchronous_commit', commit, 'ALTER DATABASE … SET synchronous_commit = on')
      : commit === 'local' && standbys !== ''
        ? hint('synchronous_commit', commit, 'set it to on: local does not wait for the standby')
        : good('synchronous_commit', commit),
    standbys === ''
      ? hint('synchronous standby', 'none', 'without one a failover loses counts; synchronous_standby_names names some')
      : good('synchronous standby', standbys),
    connections >= needed
      ? good('max_connections', String(connections))
      : hint('max_connections', String(connections), `two instances side by side take ${needed}`),
    facts.control
      ? good('pg_control_system()', 'may be called')
      : bad('pg_control_system()', 'is denied', `GRANT EXECUTE ON FUNCTION pg_control_system() TO ${facts.role}`),
  ];
}

async function schemaOf(pool: pg.Pool, role: string, migrationsUrl: string): Promise<Finding[]> {
  const migrations = await migrationStates(migrationsUrl).catch((error: unknown) => error as Error);
  if (migrations instanceof Error) {
    const found = `cannot be looked at by who migrates: ${migrations.message}`;
    return [bad('schema', found, 'let MIGRATIONS_DATABASE_URL lead to it, with the role that owns the tables')];
  }
  const missing = migrations.filter(({ applied }) => !applied);
  if (missing.length === migrations.length) return [bad('schema', 'is not there', 'evercount migrate up')];
  const schema =
    missing.length === 0
      ? good('schema', `up to date, ${migrations.length} migrations`)
      : bad('schema', `${missing.length} migrations are missing`, 'evercount migrate up');
  const { rows } = await pool.query<{ table: string; lacking: string[] }>(`
    SELECT relname AS table, array(
             SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
             WHERE NOT has_table_privilege(c.oid, privilege)) AS lacking
    FROM pg_class c
    WHERE relkind IN ('r', 'p') AND relname <> 'migrations' AND relnamespace = current_schema()::regnamespace
    ORDER BY relname`);
  const lacking = rows.filter((row) => row.lacking.length > 0);
  const rights =
    lacking.length === 0
      ? good('rights', `${role} may read and write all ${rows.length} tables`)
      : bad(
          'rights',
          lacking.map((row) => `${row.table}: no ${row.lacking.join(', ')}`).join('; '),
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
        );
  return [schema, rights];
}

/** @param differenceMs how far it is ahead of this machine's */
export function clockOf(check: string, differenceMs: number): Finding {
  const found = `${differenceMs < 0 ? '' : '+'}${Math.round(differenceMs)} ms`;
  return Math.abs(differenceMs) > CLOCK_TOLERANCE_MS
    ? hint(check, found, 'keep the clocks of all machines together, by NTP')
    : good(check, found);
}
