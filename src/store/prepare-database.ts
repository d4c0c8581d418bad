import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { certificateFault } from '../config/certificates.js';
import { ConfigError, type DatabaseSettings } from '../config/config.js';
import { databaseHosts } from '../config/database-hosts.js';
import type { Buckets } from '../domain/bucket.js';
import { missingMigrations } from './awaited-migrations.js';
import { beginBehind, connectionConfig } from './connections.js';
import { divisionOf } from './division.js';
import { migrate } from './migrate.js';
import { refusePooler } from './pooler.js';
import { NoPrimary, PrimaryFinder } from './primary-finder.js';
import { UnsafeDatabase } from './session-check.js';

/** A failover that is under way, or a Postgres that starts together with the service, is over by then. */
const PRIMARY_PATIENCE_MS = 60_000;
const START_RETRY_MS = 1_000;

/**
 * Waits for a primary, refuses one that would lose what it acknowledged, and brings its schema up to date, or waits until
 * another one has, for as long as it takes.
 *
 * @param patienceMs how long the primary is waited for
 * @throws UnsafeDatabase naming the setting and the remedy
 * @returns how the truth is divided there
 * @throws ConfigError where its certificate is not accepted, it cannot hold every name, a pooler gives sessions away, or
 *   it is divided in another way than the configuration says
 * @throws NoPrimary where there is none in time, naming the place
 */
export async function prepareDatabase(settings: DatabaseSettings, patienceMs = PRIMARY_PATIENCE_MS): Promise<Buckets> {
  const { url, migrationsUrl, migrateOnStart, pooler, buckets } = settings;
  const giveUpAtMs = performance.now() + patienceMs;
  const log = new Logger('Database');
  for (let isFirst = true; ; isFirst = false) {
    try {
      await refusePooler('DATABASE_URL', url, pooler !== null);
      if (migrationsUrl !== url) await refusePooler('MIGRATIONS_DATABASE_URL', migrationsUrl, false);
      await onSession(url, pooler, () => Promise.resolve());
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
  await (migrateOnStart ? migrate(migrationsUrl, buckets) : untilMigrated(settings, log));
  // A server that was reached a moment ago is waited for; to migrate it may have taken as long as it takes.
  for (const untilMs = performance.now() + patienceMs; ;) {
    try {
      return await onSession(url, pooler, (client) => divisionOf(client, buckets));
    } catch (error) {
      if (error instanceof ConfigError || performance.now() > untilMs) throw error;
      await sleep(START_RETRY_MS);
    }
  }
}

/** One that began to serve before would answer what it can, and be taken for ready. */
async function untilMigrated({ url, pooler }: DatabaseSettings, log: Logger): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    // A server that is gone meanwhile is waited for, too.
    const missing = await onSession(url, pooler, missingMigrations).catch((error: unknown) => error as Error);
    if (missing === 0) return;
    if (isFirst) {
      const what = missing instanceof Error ? missing.message : `it lacks ${missing}`;
      log.warn(`the database is waited for until somebody has migrated it, as "evercount migrate up" does (${what})`);
    }
    await sleep(START_RETRY_MS);
  }
}

/** In the words for several hosts, where there is one. */
function noPrimaryAt(url: string, cause: unknown): NoPrimary {
  const [host] = new PrimaryFinder(databaseHosts(url)).hosts;
  // Node names no reason where it tried several addresses of a name.
  const tried = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const reason = tried instanceof Error ? tried.message : String(tried);
  return new NoPrimary(`no primary at ${host?.name} (${reason})`, { cause });
}

/** A session that the service could use: it refuses a Postgres on which "committed" would not mean "survives a crash". */
async function onSession<T>(
  url: string,
  pooler: DatabaseSettings['pooler'],
  ask: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const { onConnect, Client, ...config } = connectionConfig(url, {}, {}, beginBehind(pooler));
  const client = new Client(config);
  // A connection that breaks also fails the query on it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await onConnect(client);
    return await ask(client);
  } finally {
    await client.end();
  }
}
