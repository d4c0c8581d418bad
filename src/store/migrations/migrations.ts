import { Counters1764000000000 } from './1764000000000-counters.js';
import { Batches1764000001000 } from './1764000001000-batches.js';
import { IdempotencyKeys1764000002000 } from './1764000002000-idempotency-keys.js';
import { CacheGuard1764000003000 } from './1764000003000-cache-guard.js';
import { ApiKeys1764000005000 } from './1764000005000-api-keys.js';
import { History1764000006000 } from './1764000006000-history.js';
import { LiveCounters1765000001000 } from './1765000001000-live-counters.js';
import { NamesCreated1765000001100 } from './1765000001100-names-created.js';
import { VersionFloor1765000001200 } from './1765000001200-version-floor.js';
import { QuietGuard1765000002000 } from './1765000002000-quiet-guard.js';
import { SessionsOfKeys1765000003000 } from './1765000003000-sessions-of-keys.js';
import { ExpiringCounters1766000001000 } from './1766000001000-expiring-counters.js';
import { Expiries1766000001100 } from './1766000001100-expiries.js';
import { RankOfRedis1766000003000 } from './1766000003000-rank-of-redis.js';
import { Walk1766000004000 } from './1766000004000-walk.js';
import { QuartersOfHours1766000005000 } from './1766000005000-quarters-of-hours.js';
import { KeysForPages1766000006000 } from './1766000006000-keys-for-pages.js';
import { BatchCursors1766000008000 } from './1766000008000-batch-cursors.js';
import { Audit1766000009000 } from './1766000009000-audit.js';
import { Happenings1766000010000 } from './1766000010000-happenings.js';
import { Links1766000011000 } from './1766000011000-links.js';
import { Edges1767000020000 } from './1767000020000-edges.js';
import { Watches1767000021000 } from './1767000021000-watches.js';
import { UnitsOfTheCache1767000030000 } from './1767000030000-units-of-the-cache.js';
import { Buckets1768000000000 } from './1768000000000-buckets.js';

/** Says which migrations a database has. */
export const MIGRATIONS_TABLE = 'migrations';

/** Numbered, append-only; a change comes in two steps (expand, contract). */
export const MIGRATIONS = [
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
  RankOfRedis1766000003000,
  Walk1766000004000,
  QuartersOfHours1766000005000,
  KeysForPages1766000006000,
  BatchCursors1766000008000,
  Audit1766000009000,
  Happenings1766000010000,
  Links1766000011000,
  Edges1767000020000,
  Watches1767000021000,
  UnitsOfTheCache1767000030000,
  Buckets1768000000000,
];
