import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { certificateFault } from '../config/certificates.js';
import { ConfigError, type DatabaseSettings } from '../config/config.js';
import { databaseHosts } from '../config/database-hosts.js';
import { beginBehind, connectionConfig } from './connections.js';
import { migrate } from './migrate.js';
import { refusePooler } from './pooler.js';
import { NoPrimary, PrimaryFinder } from './primary-finder.js';
import { UnsafeDatabase } from './session-check.js';

/** A failover that is under way, or a Postgres that starts together with the service, is over by then. */
const PRIMARY_PATIENCE_MS = 60_000;
const START_RETRY_MS = 1_000;

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
      await sleep(START_RETRY_MS);
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
