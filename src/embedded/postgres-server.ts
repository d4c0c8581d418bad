/** Postgres as a child of ours: a new cluster, a running server, and the moment it takes connections. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { commandFor } from './command.js';
import { EmbeddedError } from './embedded-error.js';
import type { PostgresPrograms } from './postgres-programs.js';
import { ServerProcess, type Outlets } from './server-process.js';
import { makeServerDirectory, type User } from './user.js';
import { until, type Starting } from './until.js';

const ROLE = 'evercount';
const DATABASE = 'evercount';

/** initdb takes half a second; a slow disk that syncs each file may take a minute. */
const INITDB_TIMEOUT_MS = 120_000;

/** After a crash the log is replayed before connections are taken; at `max_wal_size` that is seconds. */
const READY_TIMEOUT_MS = 60_000;

/** Locally a connection takes milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;

/** More than any process id of Linux (2^22) or macOS. */
const NO_PID = 2 ** 22 + 1;

export interface Cluster {
  /** Absolute; Postgres' own data directory. Its password lies beside it, in `<directory>.password`. */
  readonly directory: string;
  readonly programs: PostgresPrograms;
  readonly user: User | null;
}

/** The major version that made the data in `directory`, or null when there is none. */
export function majorOf(directory: string): number | null {
  const file = join(directory, 'PG_VERSION');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : null;
}

/**
 * Makes a new, empty cluster. Its folder appears only once it is whole: a start that was interrupted leaves none.
 *
 * @throws EmbeddedError when initdb fails; the message holds what it said
 */
export async function createCluster({ directory, programs, user }: Cluster, logFile: string): Promise<void> {
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  await makeServerDirectory(draft, user);
  const passwordFile = join(draft, 'password');
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user !== null) await chown(passwordFile, user.uid, user.gid);
  const data = join(draft, 'data');
  const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--data-checksums'];
  const command = commandFor({
    program: programs.initdb,
    args: ['--pgdata', data, '--username', ROLE, '--pwfile', passwordFile, ...options],
    directory: draft,
    shared: dirname(directory),
    user,
    port: null,
    name: `evercount-initdb-${process.pid}`,
    deathSignal: 'SIGKILL',
  });
  const initdb = await ServerProcess.start(command, { logFile, pidFile: null });
  const timer = setTimeout(() => initdb.signal('SIGKILL'), INITDB_TIMEOUT_MS);
  const ending = await initdb.ended;
  clearTimeout(timer);
  if (ending !== 'exit code 0') {
    throw new EmbeddedError(`Postgres could not make its data folder (${ending}):\n${initdb.lastWords()}`);
  }
  // From inside a container, this machine is a host like any other; elsewhere the server listens on 127.0.0.1 alone.
  await appendFile(join(data, 'pg_hba.conf'), 'host all all all scram-sha-256\n');
  await rename(passwordFile, passwordFileOf(directory));
  await rename(data, directory);
  await rm(draft, { recursive: true });
}

/**
 * Tells the next server that the one with id `pid` is dead, where Postgres could not see it: it takes a dead process
 * that nobody has waited for, or a stranger that was given its id, for a running server. The rest of the file stays:
 * by it Postgres finds out whether processes of that server still hold its memory.
 */
export async function disownPostmaster(directory: string, pid: number): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  const [owner, ...rest] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  if (owner === String(pid)) await writeFile(file, [NO_PID, ...rest].join('\n'));
}

/** What `postgres` is called with; `settings` (`name=value`) come after ours and win. */
export function postgresArguments(
  { directory, programs }: Cluster,
  port: number,
  settings: readonly string[] = [],
): string[] {
  const ours = [
    // A container is reached from outside of it; the port is published on loopback only.
    `listen_addresses=${programs.postgres.kind === 'image' ? '*' : '127.0.0.1'}`,
    `port=${port}`,
    'unix_socket_directories=',
    // The promise: an acknowledged write has reached the disk.
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    'timezone=UTC',
    'log_timezone=UTC',
  ];
  return ['-D', directory, ...[...ours, ...settings].flatMap((setting) => ['-c', setting])];
}

/** Starts the server of a cluster on a port of 127.0.0.1. */
export function startPostgresProcess(
  cluster: Cluster,
  port: number,
  name: string,
  outlets: Outlets,
  settings: readonly string[] = [],
): Promise<ServerProcess> {
  const command = commandFor({
    program: cluster.programs.postgres,
    args: postgresArguments(cluster, port, settings),
    directory: cluster.directory,
    shared: dirname(cluster.directory),
    user: cluster.user,
    port,
    name,
    // Postgres' immediate shutdown: at once, and recovered from its log at the next start.
    deathSignal: 'SIGQUIT',
  });
  return ServerProcess.start(command, outlets);
}

/** The address of a database of the cluster. */
export function postgresUrl(directory: string, port: number, database = DATABASE): string {
  const password = readFileSync(passwordFileOf(directory), 'utf8').trim();
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/**
 * Waits until the server takes connections.
 *
 * @throws EmbeddedError when it ends or takes longer than a minute; the message holds what it said
 */
export async function untilPostgresIsReady(server: Starting, directory: string, port: number): Promise<void> {
  const url = postgresUrl(directory, port, 'postgres');
  const ready = () => inDatabase(url, (client) => client.query('SELECT 1')).then(...answered);
  await until(ready, server, 'Postgres', READY_TIMEOUT_MS);
}

/** Makes a database unless it is there. */
export async function ensureDatabase(directory: string, port: number, database = DATABASE): Promise<string> {
  await inDatabase(postgresUrl(directory, port, 'postgres'), async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  });
  return postgresUrl(directory, port, database);
}

async function inDatabase(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: READY_TIMEOUT_MS,
  });
  // A server that dies while we are connected is noticed by the query that fails.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const answered = [() => true, () => false] as const;

function passwordFileOf(directory: string): string {
  return `${directory}.password`;
}
