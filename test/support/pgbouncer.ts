/** PgBouncer in front of a Postgres of the tests: of this machine, else Debian's package. */
import { existsSync } from 'node:fs';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { commandFor, type Program } from '../../src/embedded/command.js';
import { unpackDebian } from '../../src/embedded/debian-packages.js';
import { freePort } from '../../src/embedded/free-port.js';
import { ServerProcess } from '../../src/embedded/server-process.js';
import { until } from '../../src/embedded/until.js';
import { makeServerDirectory, serverUser } from '../../src/embedded/user.js';
import { PID_FILE, scratchFolder } from './scratch.js';

/** Folders that are not on everyone's PATH. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** It listens within milliseconds. */
const READY_TIMEOUT_MS = 60_000;

/** How long it is given to end in order. */
const STOP_PATIENCE_MS = 5_000;

export type PoolMode = 'session' | 'transaction' | 'statement';

export interface TestPooler {
  /** Where it leads: the same database and role, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The program, fetched if need be; null where it cannot be had. */
export function findPgbouncer(): Program | null {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of [...path, ...FOLDERS]) {
    if (existsSync(join(folder, 'pgbouncer'))) {
      return { kind: 'binary', path: join(folder, 'pgbouncer'), environment: {} };
    }
  }
  const unpacked = unpackDebian('pgbouncer', () => undefined);
  if (unpacked === null) return null;
  return { kind: 'binary', path: join(unpacked.root, 'usr/sbin/pgbouncer'), environment: unpacked.environment };
}

/**
 * Starts one.
 *
 * @param databaseUrl of the Postgres behind it
 * @param settings lines of its configuration, such as `default_pool_size = 5`
 */
export async function startPgbouncer(
  program: Program,
  databaseUrl: string,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<TestPooler> {
  const folder = await scratchFolder();
  const directory = join(folder, 'pgbouncer');
  const user = serverUser();
  await makeServerDirectory(directory, user);
  const { hostname, port, username, password } = new URL(databaseUrl);
  const ownPort = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${ownPort}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    ...settings,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  if (user !== null) await chown(file, user.uid, user.gid);
  const command = commandFor({
    program,
    args: [file],
    directory,
    shared: folder,
    user,
    port: ownPort,
    name: 'pgbouncer',
    deathSignal: 'SIGKILL',
  });
  const outlets = { logFile: join(folder, 'pgbouncer.log'), pidFile: join(folder, PID_FILE) };
  const server = await ServerProcess.start(command, outlets);
  const url = Object.assign(new URL(databaseUrl), { port: String(ownPort) }).toString();
  await until(() => answers(url), server, 'PgBouncer', READY_TIMEOUT_MS);
  return {
    url,
    stop: async () => {
      await server.stop('SIGINT', STOP_PATIENCE_MS);
      await rm(folder, { recursive: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
