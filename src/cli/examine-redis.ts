import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { judge, policyOf } from '../cache/eviction-policy.js';
import { serverIdentity } from '../cache/server-identity.js';
import { isRefusal } from '../cache/redis-connection.js';
import type { GuardState } from '../store/guard-row.js';
import { clockOf } from './examine-postgres.js';
import { bad, type Finding, good, hint } from './findings.js';

/** 6.2: `SET … GET`, without which nobody knows who noticed a flush first. */
const OLDEST_VERSION = [6, 2] as const;

/** What has not answered by then counts as away for the service. */
const AWAY_AFTER_MS = 250;
const SLOW_MS = 20;

/** The probe is gone by itself, if this process does not come to remove it. */
const PROBE_LIFE_MS = 10_000;

/** What the service's scripts do, as far as a server may forbid it. */
const PROBE_SCRIPT = "redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]); return redis.call('INFO', 'server')";

/** How the settings of the cache's Redis suit the service. */
export async function examineRedis(client: Redis, guard: GuardState | null): Promise<Finding[]> {
  const info = await infoOf(client);
  if (info === null) return [bad('INFO of Redis', 'is denied', 'allow INFO, else nothing is served from the cache')];
  const begin = performance.now();
  await client.ping();
  const tookMs = performance.now() - begin;
  const identity = serverIdentity(info);
  return [
    versionOf(info),
    ...primaryOf(info, 'REDIS_URL'),
    ...memoryOf(info),
    persistenceOf(info),
    tookMs > SLOW_MS
      ? hint('round trip to Redis', `${tookMs.toFixed(1)} ms`, `keep it near: after ${AWAY_AFTER_MS} ms it is away`)
      : good('round trip to Redis', `${tookMs.toFixed(1)} ms`),
    await clock(client),
    ...(await rightsOf(client, '')),
    identity === null
      ? bad('identity of Redis', 'INFO does not tell it', 'allow INFO, else nothing is served from the cache')
      : namedOf(identity, guard),
  ];
}

/**
 * How one primary of a cluster suits the service.
 *
 * @param tag in braces, of a slot that it has
 */
export async function examineNode(client: Redis, tag: string): Promise<Finding[]> {
  const info = await infoOf(client);
  if (info === null) return [bad('INFO of Redis', 'is denied', 'allow INFO, else nothing is served from the cache')];
  return [
    versionOf(info),
    ...memoryOf(info),
    persistenceOf(info),
    await clock(client),
    ...(await rightsOf(client, tag)),
  ];
}

/** What INFO says; null where it is denied. */
export async function infoOf(client: Redis): Promise<string | null> {
  return client.info().catch((error: unknown) => {
    if (isRefusal(error)) return null;
    throw error;
  });
}

export function versionOf(info: string): Finding {
  const version = field(info, 'redis_version') ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  const fine = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return fine ? good('Redis', version) : bad('Redis', version, 'move to Redis 6.2 or newer');
}

/**
 * Whether the URL leads to one server that takes writes.
 *
 * @param setting that has the URL
 */
export function primaryOf(info: string, setting: string): Finding[] {
  return [
    field(info, 'role') === 'master'
      ? good('primary of Redis', 'yes')
      : bad('primary of Redis', 'this one is a replica', `let ${setting} lead to the primary`),
    field(info, 'cluster_enabled') === '1'
      ? bad('Redis Cluster', 'is on', `let ${setting} say so: redis-cluster://…`)
      : good('Redis Cluster', 'is off'),
  ];
}

/** Whether jobs may be evicted. */
export function evictionOf(info: string): Finding {
  const policy = policyOf(info);
  const found = policy ?? 'not told';
  switch (judge(policy)) {
    case 'refused':
      return bad('eviction', found, 'CONFIG SET maxmemory-policy noeviction; else jobs are evicted');
    case 'risky':
      return hint('eviction', found, 'CONFIG SET maxmemory-policy noeviction, or give the jobs JOBS_REDIS_URL');
    case 'fine':
      return good('eviction', found);
  }
}

function memoryOf(info: string): Finding[] {
  const limit = field(info, 'maxmemory');
  return [
    evictionOf(info),
    limit === '0'
      ? hint('memory of Redis', 'without limit', 'CONFIG SET maxmemory 512mb, enough for a million entries')
      : good(
          'memory of Redis',
          `${field(info, 'used_memory_human') ?? '?'} of ${field(info, 'maxmemory_human') ?? '?'}`,
        ),
  ];
}

function persistenceOf(info: string): Finding {
  return field(info, 'aof_enabled') === '1'
    ? hint('persistence of Redis', 'appendonly is on', 'appendonly no: it is all a copy, and writing it costs time')
    : good('persistence of Redis', 'no append-only file');
}

async function clock(client: Redis): Promise<Finding> {
  const sentAtMs = Date.now();
  const begin = performance.now();
  const [seconds = 0, microseconds = 0] = (await client.time()).map(Number);
  const middleMs = sentAtMs + (performance.now() - begin) / 2;
  return clockOf('clock of Redis', seconds * 1000 + microseconds / 1000 - middleMs);
}

/** By doing what the service does, on keys that nobody reads. */
async function rightsOf(client: Redis, tag: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const prefix of ['ec:', 'evercount:'] as const) {
    // No name of a counter has a control character.
    const key = `${prefix}\u0000doctor:${tag}${randomUUID()}`;
    const check = `scripts on ${prefix}*`;
    try {
      // As the service does: who may call EVALSHA need not be allowed to EVAL.
      const sha1 = String(await client.script('LOAD', PROBE_SCRIPT));
      await client.evalsha(sha1, 1, key, PROBE_LIFE_MS);
      await client.get(key);
      await client.scan('0', 'MATCH', `${prefix}*`, 'COUNT', 1);
      await client.unlink(key);
      findings.push(good(check, 'may be run, and may ask INFO'));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      findings.push(bad(check, reason, 'give its user what docs/deployment.md lists: ACL SETUSER … +info'));
    }
  }
  return findings;
}

function namedOf(identity: string, guard: GuardState | null): Finding {
  const check = 'guard';
  if (guard === null) return hint(check, 'its row cannot be read', 'see what is told of Postgres and the schema');
  if (guard.redis === null) return hint(check, 'no Redis is named yet', 'the first service that starts names one');
  if (guard.redis !== identity) {
    return bad(
      check,
      `names another Redis than this one, in epoch ${guard.epoch}`,
      'all instances need the same REDIS_URL; where no service runs, the next one names it',
    );
  }
  if (!guard.vouched) {
    return hint(
      check,
      `a blind period runs, or Postgres began anew, in epoch ${guard.epoch}`,
      'look again in some seconds; where it stays so, an instance cannot reach Redis, and its log says why',
    );
  }
  return guard.settled
    ? good(check, `names this Redis, in epoch ${guard.epoch}`)
    : hint(check, `this Redis is being named, in epoch ${guard.epoch}`, 'look again in a second');
}

function field(info: string, name: string): string | null {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1] ?? null;
}
