import type { DataSourceOptions } from 'typeorm';
import { connectionConfig, type Limits } from './connections.js';
import { routeOf } from './route.js';
import { CounterEntity } from './entities/counter.entity.js';
import { beginSession } from './session-check.js';
import type { BeginSession } from './shared-session.js';
import { Counters1764000000000 } from './migrations/1764000000000-counters.js';
import { Batches1764000001000 } from './migrations/1764000001000-batches.js';
import { IdempotencyKeys1764000002000 } from './migrations/1764000002000-idempotency-keys.js';
import { CacheGuard1764000003000 } from './migrations/1764000003000-cache-guard.js';
import { ApiKeys1764000005000 } from './migrations/1764000005000-api-keys.js';
import { History1764000006000 } from './migrations/1764000006000-history.js';
import { LiveCounters1765000001000 } from './migrations/1765000001000-live-counters.js';
import { NamesCreated1765000001100 } from './migrations/1765000001100-names-created.js';
import { VersionFloor1765000001200 } from './migrations/1765000001200-version-floor.js';
import { QuietGuard1765000002000 } from './migrations/1765000002000-quiet-guard.js';
import { SessionsOfKeys1765000003000 } from './migrations/1765000003000-sessions-of-keys.js';
import { ExpiringCounters1766000001000 } from './migrations/1766000001000-expiring-counters.js';
import { Expiries1766000001100 } from './migrations/1766000001100-expiries.js';

/** Numbered, append-only; a change comes in two steps (expand, contract). */
const MIGRATIONS = [
  Counters1764000000000,
  Batches1764000001000,
  IdempotencyKeys1764000002000,
  CacheGuard1764000003000,
  ApiKeys1764000005000,
  History1764000006000,
  LiveCounters1765000001000,
  NamesCreated1765000001100,
  VersionFloor1765000001200,
  QuietGuard1765000002000,
  SessionsOfKeys1765000003000,
  ExpiringCounters1766000001000,
  Expiries1766000001100,
];

/** Says which of them a database has. */
export const MIGRATIONS_TABLE = 'migrations';

/**
 * The options of a data source for everything that is neither a commit, nor a fill, nor the guard.
 *
 * @param connections how many at most
 * @param limits those that differ from every session's
 * @param begin how each session begins; `settle` refuses no server
 */
export function dataSourceOptions(
  url: string,
  connections: number,
  limits: Partial<Limits> = {},
  begin: BeginSession = beginSession,
): DataSourceOptions {
  return {
    type: 'postgres',
    // Of the name of the database in it; where sessions lead to, the rest says.
    url: routeOf(url).connectionString,
    entities: [CounterEntity],
    migrations: MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
    // One by one: CREATE INDEX CONCURRENTLY must be able to opt out of a transaction.
    migrationsTransactionMode: 'each',
    poolSize: connections,
    extra: connectionConfig(url, limits, {}, begin),
  };
}
