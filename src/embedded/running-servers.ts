/** Word of where the servers of a running service are, for the operator's commands on the same machine. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetPostgresOfShell } from './shell-variables.js';
import { identityOf, isRunning, parseIdentity } from './process-identity.js';

/** Where the embedded servers keep their data, in the folder the service was started in. */
export const DATA_DIR = './.data';

/** Holds passwords: for the eyes of the one who started the service. */
const OWNER_ONLY = 0o600;

export interface ServerUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

const fileIn = (dataDir: string): string => join(dataDir, 'servers.json');

/** Leaves word that this process keeps these servers. */
export async function leaveAddresses(dataDir: string, { databaseUrl, redisUrl }: ServerUrls): Promise<void> {
  const draft = `${fileIn(dataDir)}.${process.pid}`;
  await writeFile(draft, JSON.stringify({ ...identityOf(process.pid), databaseUrl, redisUrl }), { mode: OWNER_ONLY });
  await rename(draft, fileIn(dataDir));
}

export async function removeAddresses(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** The servers of the service that runs with the data in `dataDir`; null where none does. */
export async function runningServers(dataDir: string): Promise<ServerUrls | null> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => '');
  const keeper = parseIdentity(text);
  if (keeper === null || !isRunning(keeper)) return null;
  forgetPostgresOfShell(process.env);
  const { databaseUrl, redisUrl } = JSON.parse(text) as ServerUrls;
  return { databaseUrl, redisUrl };
}
