import pg from 'pg';
import { type Config, ConfigError, type DatabaseSettings, loadConfig } from '../config/config.js';
import { DATA_DIR, runningServers, type ServerUrls } from '../embedded/running-servers.js';
import { poolOf } from '../store/connections.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import type { Session } from './session.js';

/**
 * The configuration of the service, from the same environment. Where that names no servers, those of a service that was
 * started in this folder by `npm start`.
 *
 * @throws ConfigError, CommandFailed
 */
export async function configOf({ environment }: Session): Promise<Config> {
  return loadConfig(environment, embeddedServers);
}

async function embeddedServers(): Promise<ServerUrls> {
  const found = await runningServers(DATA_DIR);
  if (found !== null) return found;
  throw new CommandFailed(
    EXIT.config,
    'DATABASE_URL and REDIS_URL are not set, and no service runs with its data in ./.data',
    'set both as the service has them, or run this in the folder where "npm start" runs',
  );
}

/** Nobody waits for an answer here, and a server under load should be looked at too. */
const PATIENCE_MS = 10_000;

export const PATIENCE = {
  statement_timeout: PATIENCE_MS,
  query_timeout: PATIENCE_MS,
  connectionTimeoutMillis: PATIENCE_MS,
};

/** Connections to the truth; to be ended by the caller. */
export function patientPool({ url, pooler }: DatabaseSettings, connections: number): pg.Pool {
  return poolOf(url, connections, PATIENCE, pooler);
}

/** SQLSTATE of a table that is not there. */
const UNDEFINED_TABLE = '42P01';

/** SQLSTATE of a column that is not there. */
const UNDEFINED_COLUMN = '42703';

/** Which setting leads to each server. */
const LEADS_TO = { Postgres: 'DATABASE_URL', Redis: 'REDIS_URL' } as const;

/**
 * Says in one line what a server answered, or that it did not.
 *
 * @param setting what leads to it
 */
export function serverFault(
  server: keyof typeof LEADS_TO,
  error: unknown,
  setting: string = LEADS_TO[server],
): CommandFailed | ConfigError {
  if (error instanceof CommandFailed || error instanceof ConfigError) return error;
  const cause = rootOf(error);
  if (cause instanceof pg.DatabaseError && cause.code === UNDEFINED_TABLE) {
    return new CommandFailed(EXIT.failed, 'the database has no schema yet', 'make it: evercount migrate up');
  }
  if (cause instanceof pg.DatabaseError && cause.code === UNDEFINED_COLUMN) {
    return new CommandFailed(
      EXIT.failed,
      `the tables of this database are not those of this evercount: ${cause.message}`,
      'have it migrated (evercount migrate status), or check DATABASE_URL: are they of another program?',
    );
  }
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new CommandFailed(
    EXIT.unavailable,
    `${server} does not serve this: ${reason}`,
    `check ${setting}, or let "evercount doctor" look for the cause`,
    { cause: error },
  );
}

/** What stands behind an error of ours, or of Node, which wraps one failure for each address it tried. */
export function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}
