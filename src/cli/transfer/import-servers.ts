import { Logger } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { Realm } from '../../cache/realm.js';
import type { Config } from '../../config/config.js';
import type { Buckets } from '../../domain/bucket.js';
import { DatabaseClock } from '../../counters/database-clock.js';
import { CacheGuard } from '../../counters/guard/cache-guard.js';
import { CLUSTER } from '../../counters/guard/whole.js';
import { Clock } from '../../counters/clock.js';
import { WriteReach } from '../../counters/guard/write-reach.js';
import { Exposure } from '../../counters/commits/exposure.js';
import { FillDemand } from '../../counters/reads/fill-demand.js';
import { Importer } from '../../counters/imports/importer.js';
import { Tallies } from '../../counters/tallies.js';
import { AuditLog } from '../../store/audit-log.js';
import { Traces } from '../../meters/traces.js';
import { withClient } from '../../store/clients.js';
import { poolOf } from '../../store/connections.js';
import { Writability } from '../../store/writability.js';
import { CounterPages } from '../../store/counter-pages.js';
import { CounterReader } from '../../store/counter-reader.js';
import { ExpiredCounters } from '../../store/expired-counters.js';
import { DecidedBatches } from '../../store/decided-batches.js';
import { divisionOf } from '../../store/division.js';
import { GuardRow } from '../../store/guard-row.js';
import { ReadBudget } from '../../store/read-budget.js';
import { Replication } from '../../store/replication.js';
import { routeOf } from '../../store/route.js';
import { patientPool, serverFault } from '../deployment.js';
import { sentenceOf } from '../sentence.js';
import type { Session } from '../session.js';

/** Batches at the same time: while one is published, others are committed. */
export const LANES = 4;

/** Leaves it to the services to notice an empty cache: they fill it again. */
class QuietRealm extends Realm {
  override setSentinel(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

export interface ImportServers {
  readonly importer: Importer;
  readonly audit: AuditLog;
  readonly pages: CounterPages;
  close(): Promise<void>;
}

/**
 * What a service has that writes, without its way in: batches, cache and guard. So an import is to the other instances
 * one instance more, and keeps every rule that keeps their cached reads right.
 *
 * @throws CommandFailed when Postgres does not answer, or the operator does not want another Redis to be named
 */
export async function openImportServers(session: Session, config: Config, yes: boolean): Promise<ImportServers> {
  const { terminal } = session;
  const tell = (message: unknown): void => terminal.note(`note: ${sentenceOf(message)}`);
  const ignore = (): void => undefined;
  Logger.overrideLogger({ log: ignore, debug: ignore, verbose: ignore, warn: tell, error: tell, fatal: tell });
  // With the timeouts of the service: its writes wait for the rows that are locked here.
  const pool = poolOf(config.database.url, LANES, {}, config.database.pooler);
  const writability = new Writability(pool);
  const guardPool = patientPool(config.database, 1);
  const realm = new QuietRealm(config.cache.servers);
  const row = new GuardRow(guardPool, () => routeOf(config.database.url).drop());
  const clock = new Clock();
  const guard = new CacheGuard(
    row,
    realm,
    new WriteReach(writability, clock, { workers: 1, role: 'alone' }),
    clock,
    new DatabaseClock(clock),
  );
  const close = async (): Promise<void> => {
    await guard.onApplicationShutdown();
    realm.close();
    await Promise.all([pool.end(), guardPool.end()]);
  };
  let buckets: Buckets;
  try {
    buckets = await withClient(pool, (client) => divisionOf(client, config.database.buckets));
    const { redis: named } = await row.read();
    const seen = await realm.whenReady().then(
      async () => (realm.unitCount > 1 ? CLUSTER : ((await realm.look())[0]?.place ?? null)),
      () => null,
    );
    if (seen === null) terminal.note('note: Redis does not answer; services do without the cache during the import');
    else if (named !== null && seen !== named) {
      const question = 'The service reads another Redis than REDIS_URL leads to, or does not run. Go on with this one?';
      await session.consent(question, yes);
    }
    await guard.onApplicationBootstrap();
  } catch (error) {
    await close();
    throw serverFault('Postgres', error);
  }
  const cache = new CounterCache(realm, config.cache);
  const exposure = new Exposure(cache, guard, new FillDemand(clock), new Tallies(), clock, new Traces(null));
  const replication = new Replication(pool);
  const batches = new DecidedBatches(pool, replication, writability, buckets);
  const expired = new ExpiredCounters(pool, replication, writability, buckets);
  const reader = new CounterReader(pool, LANES, replication, expired, new ReadBudget(Infinity), buckets);
  const pages = new CounterPages(guardPool, replication);
  return { importer: new Importer(batches, reader, exposure, clock), audit: new AuditLog(guardPool), pages, close };
}
