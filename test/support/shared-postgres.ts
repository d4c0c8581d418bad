/**
 * One Postgres for all test files of a process, for tests that do not break it. Modules do not outlive a test file but
 * the process does, so the next file learns from a file where it runs. It ends with the process.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { ensureDatabase } from '../../src/embedded/postgres-server.js';
import { identityOf, isRunning, parseIdentity } from '../../src/embedded/process-identity.js';
import { SHARED_STATE_FILE } from './scratch.js';
import { startPostgres } from './servers.js';

/** Many small pools of many tests at once. */
const SETTINGS = ['max_connections=300'];

interface Shared {
  readonly directory: string;
  readonly port: number;
}

let shared: Promise<Shared> | undefined;

/** A new, empty database on the Postgres of this process; answers its URL. */
export async function createTestDatabase(): Promise<string> {
  shared ??= findOrStart();
  const { directory, port } = await shared;
  return ensureDatabase(directory, port, `test_${randomBytes(6).toString('hex')}`);
}

async function findOrStart(): Promise<Shared> {
  const text = await readFile(SHARED_STATE_FILE, 'utf8').catch(() => '');
  const found = parseIdentity(text);
  if (found !== null && isRunning(found)) return JSON.parse(text) as Shared;
  const server = await startPostgres({ settings: SETTINGS });
  server.unref();
  const state: Shared = { directory: server.dir, port: server.port };
  await writeFile(SHARED_STATE_FILE, JSON.stringify({ ...identityOf(server.pid()), ...state }));
  return state;
}
