import type pg from 'pg';
import { ConfigError } from '../config/config.js';

/** A setting of Postgres under which a commit would not survive a crash. */
export class UnsafeDatabase extends Error {
  override readonly name = 'UnsafeDatabase';
}

/** Settings of a session by Postgres' names; numbers are milliseconds. */
export type SessionSettings = Readonly<Record<string, string | number>>;

/** What every session has, whatever the server, the database, the role and the URL say. */
const EVERY_SESSION: SessionSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  default_transaction_isolation: 'read committed',
  // A commit that did not wait for its standby is told by a warning.
  client_min_messages: 'warning',
  // To compile a plan takes longer than any statement here, and the sessions that shun scans would compile each scan.
  jit: 'off',
  idle_session_timeout: 0,
  // Of Postgres 17 and newer; older ones do not know it.
  transaction_timeout: 0,
};

export interface Facts {
  readonly standby: boolean;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly encoding: string;
}

/** In the same message as the settings: a new session costs one round trip. */
export const FACTS = `SELECT pg_is_in_recovery() AS standby, current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding`;

/**
 * Gives a new session its settings. By statements, not by startup parameters: those may be replaced by others of the
 * URL, and poolers refuse or drop them.
 *
 * @param settings those that differ from every session's
 * @throws UnsafeDatabase naming the setting and the remedy, where "committed" would not mean "survives a crash"
 * @throws ConfigError where the database cannot hold every name
 */
export async function beginSession(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  const [facts] = await settled(client, settings);
  refuseUnsafe(facts);
}

/**
 * Refuses a server on which "committed" would not mean "survives a crash".
 *
 * @throws UnsafeDatabase, ConfigError
 */
export function refuseUnsafe(facts: Facts | undefined): void {
  if (facts === undefined) throw new UnsafeDatabase('Postgres did not say how it is set');
  if (facts.encoding !== 'UTF8') throw new ConfigError(`DATABASE_URL: ${notUtf8(facts.encoding)}`);
  // It may be promoted in a moment.
  if (facts.standby) throw new Error('DATABASE_URL leads to a standby; it must lead to the primary');
  if (facts.fsync !== 'on') throw new UnsafeDatabase('Postgres has fsync=off; set fsync=on');
  // `local` is safe on this server alone: it does not wait for the synchronous standby that a failover would go to.
  if (['off', 'local'].includes(facts.synchronous_commit)) {
    throw new UnsafeDatabase(
      `Postgres has synchronous_commit=${facts.synchronous_commit}; set it to on, for the database or the role`,
    );
  }
}

/** What is wrong about a database of another encoding, and what to do: names are any text. */
function notUtf8(encoding: string): string {
  return (
    `the database is encoded in ${encoding}, and could not hold every name; ` +
    `make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and bring the counts over by export and import`
  );
}

/** Only gives a session its settings. */
export async function settle(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  await settled(client, settings);
}

async function settled(client: pg.ClientBase, settings: SessionSettings): Promise<Facts[]> {
  const rows = Object.entries({ ...EVERY_SESSION, ...settings }).map(
    ([name, value]) => `(${client.escapeLiteral(name)}, ${client.escapeLiteral(String(value))})`,
  );
  const results: unknown = await client.query(
    `SELECT set_config(name, value, false) FROM (VALUES ${rows.join()}) AS wanted (name, value)
     WHERE current_setting(name, true) IS NOT NULL; ${FACTS}`,
  );
  // Of several statements in one message, pg answers a result each.
  return (results as pg.QueryResult<Facts>[])[1]?.rows ?? [];
}
