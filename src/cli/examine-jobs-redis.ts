import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isRefusal } from '../cache/redis-connection.js';
import { QUEUE_PREFIX } from '../config/redis-servers.js';
import { evictionOf, infoOf, primaryOf, versionOf } from './examine-redis.js';
import { bad, type Finding, good, hint } from './findings.js';

const PREFIX = `${QUEUE_PREFIX}:`;

/** What BullMQ asks for, as docs/deployment.md lists it but for INFO, with arguments that harm nothing. */
const ASKED = [
  // Of what needs another kind of value all that follows is refused, so that nothing comes to be.
  ['set', 'KEY', '', 'PX', 10_000],
  ['bzpopmin', 'KEY', 0.01],
  ['client', 'SETNAME', 'evercount-cli'],
  ['eval', 'return 1', 0],
  ['evalsha', '0'.repeat(40), 0],
  ['exists', 'KEY'],
  ['get', 'KEY'],
  ['hdel', 'KEY', 'field'],
  ['hexists', 'KEY', 'field'],
  ['hget', 'KEY', 'field'],
  ['hgetall', 'KEY'],
  ['hincrby', 'KEY', 'field', 1],
  ['hmget', 'KEY', 'field'],
  ['hmset', 'KEY', 'field', ''],
  ['hset', 'KEY', 'field', ''],
  ['incr', 'KEY'],
  ['lindex', 'KEY', 0],
  ['llen', 'KEY'],
  ['lpos', 'KEY', ''],
  ['lpush', 'KEY', ''],
  ['lrange', 'KEY', 0, 0],
  ['lrem', 'KEY', 0, ''],
  ['ltrim', 'KEY', 0, 0],
  ['pttl', 'KEY'],
  ['rpop', 'KEY'],
  ['rpoplpush', 'KEY', 'KEY'],
  ['rpush', 'KEY', ''],
  ['sadd', 'KEY', ''],
  ['scard', 'KEY'],
  ['smembers', 'KEY'],
  ['srem', 'KEY', ''],
  ['xadd', 'KEY', '*', 'field', ''],
  ['xtrim', 'KEY', 'MAXLEN', 0],
  ['zadd', 'KEY', 0, ''],
  ['zcard', 'KEY'],
  ['zcount', 'KEY', 0, 0],
  ['zpopmin', 'KEY'],
  ['zrange', 'KEY', 0, 0],
  ['zrangebyscore', 'KEY', 0, 0],
  ['zrem', 'KEY', ''],
  ['zremrangebyrank', 'KEY', 0, 0],
  ['zremrangebyscore', 'KEY', 0, 0],
  ['zrevrange', 'KEY', 0, 0],
  ['zrevrangebyscore', 'KEY', 0, 0],
  ['zscore', 'KEY', ''],
  ['persist', 'KEY'],
  // Whoever may not remove it leaves nothing for long.
  ['pexpire', 'KEY', 10_000],
  ['del', 'KEY'],
] as const;

/** How a Redis that the cache has no part in suits the jobs. */
export async function examineJobsRedis(client: Redis): Promise<Finding[]> {
  return examined(client, (info) => primaryOf(info, 'JOBS_REDIS_URL'));
}

/** How a primary of a cluster that the cache has no part in suits the jobs. */
export async function examineJobsNode(client: Redis): Promise<Finding[]> {
  return examined(client, () => []);
}

async function examined(client: Redis, role: (info: string) => Finding[]): Promise<Finding[]> {
  const info = await infoOf(client);
  const told =
    info === null
      ? [hint('INFO of Redis', 'is denied', 'see that its maxmemory-policy is noeviction')]
      : [versionOf(info), ...role(info), evictionOf(info)];
  return [...told, await jobRightsOf(client)];
}

/** Whether the user may do what BullMQ does, by doing it to a key that nobody reads. */
export async function jobRightsOf(client: Redis): Promise<Finding> {
  const check = 'commands of BullMQ';
  // No key of a queue has a control character. A primary of a cluster that has not its slot says so after it has denied.
  const key = `${PREFIX}\u0000doctor:${randomUUID()}`;
  const asked = ASKED.map((command) => command.map((part) => (part === 'KEY' ? key : part)));
  const replies = (await client.pipeline(asked).exec()) ?? [];
  const refusals = replies.map(([error]) => {
    if (error !== null && !isRefusal(error)) throw error;
    return error?.message ?? '';
  });
  if (refusals.some((message) => /^NOPERM .*access (a key|one of the keys)/.test(message))) {
    return bad(check, `are denied on ${PREFIX}*`, `ACL SETUSER … ~${PREFIX}*`);
  }
  const denied = ASKED.filter((_, index) => /^NOPERM |unknown command/.test(refusals[index] ?? '')).map(rightOf);
  if (denied.length === 0) return good(check, 'may be run, all of them');
  const missing = denied.map((right) => `+${right}`).join(' ');
  return bad(check, `are denied: ${denied.join(', ')}`, `docs/deployment.md has all: ACL SETUSER … ${missing}`);
}

/** As `ACL SETUSER` calls it. */
function rightOf([name, ...args]: (typeof ASKED)[number]): string {
  return name === 'client' ? `${name}|${args[0].toLowerCase()}` : name;
}
