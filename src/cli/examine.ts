import type { Redis } from 'ioredis';
import type { Config, DatabaseSettings } from '../config/config.js';
import { connectionsOf } from '../config/processes.js';
import { type RedisServers, shownServers } from '../config/redis-servers.js';
import { examiningPool } from '../store/connections.js';
import { sharedAfter } from '../store/pooler.js';
import { GuardRow, type GuardState } from '../store/guard-row.js';
import { configOf, PATIENCE, rootOf } from './deployment.js';
import { examineCluster } from './examine-cluster.js';
import { examinePostgres } from './examine-postgres.js';
import { examineJobsNode, examineJobsRedis, jobRightsOf } from './examine-jobs-redis.js';
import { examineNode, examineRedis } from './examine-redis.js';
import { examineSentinel } from './examine-sentinel.js';
import { bad, type Finding, good } from './findings.js';
import { connectRedis } from './redis-session.js';
import type { Session } from './session.js';

/** As package.json says in `engines`. */
const OLDEST_NODE = [20, 19] as const;

/**
 * Looks at everything the service stands on; nothing is changed.
 *
 * @throws ConfigError, CommandFailed where it is not known what to look at
 */
export async function examine(session: Session): Promise<Finding[]> {
  const node = nodeFinding();
  const config = await configOf(session);
  const { guard, findings } = await postgres(config);
  return [node, good('configuration', 'no faults'), ...findings, ...(await redis(config, guard))];
}

async function postgres(config: Config): Promise<{ guard: GuardState | null; findings: Finding[] }> {
  const { database } = config;
  const pool = examiningPool(database.url, PATIENCE, database.pooler);
  try {
    const findings = [
      await poolerOf(database),
      ...(await examinePostgres(pool, connectionsOf(config), database.migrationsUrl)),
    ];
    return { guard: await new GuardRow(pool).read().catch(() => null), findings };
  } catch (error) {
    const remedy = 'does DATABASE_URL lead to it, with the right role and password?';
    return { guard: null, findings: [bad('Postgres', `does not answer: ${sentenceOf(error)}`, remedy)] };
  } finally {
    await pool.end();
  }
}

async function poolerOf({ url, pooler }: DatabaseSettings): Promise<Finding> {
  const shared = await sharedAfter(url);
  if (shared === 'never') return good('pooler', 'none that gives sessions away');
  const found = `gives its sessions to others after each ${shared}`;
  if (shared === pooler) return good('pooler', found);
  return bad('pooler', found, 'take the direct endpoint, or one that pools by session; docs/deployment.md has more');
}

/** Whoever has a Redis. */
interface User {
  /** What becomes of it without its Redis. */
  readonly meanwhile: string;
  /** How one primary suits it that is none of a cluster. */
  examine(client: Redis): Promise<Finding[]>;
  /** How a primary of a cluster suits it; the tag, in braces, is of a slot that it has. */
  examineNode(client: Redis, tag: string): Promise<Finding[]>;
}

async function redis({ cache, jobs }: Config, guard: GuardState | null): Promise<Finding[]> {
  const isShared = shownServers(jobs.servers) === shownServers(cache.servers);
  const rights = async (client: Redis): Promise<Finding[]> => (isShared ? [await jobRightsOf(client)] : []);
  const ofCache = await serversOf(cache.servers, {
    meanwhile: 'Postgres is read',
    examine: async (client) => [...(await examineRedis(client, guard)), ...(await rights(client))],
    examineNode: async (client, tag) => [...(await examineNode(client, tag)), ...(await rights(client))],
  });
  if (isShared) return ofCache;
  const ofJobs = await serversOf(jobs.servers, {
    meanwhile: 'jobs wait',
    examine: examineJobsRedis,
    examineNode: examineJobsNode,
  });
  return [...ofCache, ...ofJobs.map((one) => ({ ...one, check: `jobs: ${one.check}` }))];
}

/** How servers stand, and how each of them that takes writes suits whoever has them. */
async function serversOf(servers: RedisServers, user: User): Promise<Finding[]> {
  const elections = servers.sentinel === null ? [] : await examineSentinel(servers.sentinel);
  try {
    const found =
      servers.cluster === null
        ? await onRedis(servers, (client) => user.examine(client))
        : await examineCluster(servers, (client, tag) => user.examineNode(client, tag));
    return [...elections, ...found];
  } catch (error) {
    const remedy = `does the URL lead to it, with the right user and password? Until it answers, ${user.meanwhile}`;
    return [...elections, bad('Redis', `does not answer: ${sentenceOf(error)}`, remedy)];
  }
}

async function onRedis(servers: RedisServers, work: (client: Redis) => Promise<Finding[]>): Promise<Finding[]> {
  const client = await connectRedis(servers);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const fine = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return fine
    ? good('Node', process.versions.node)
    : bad('Node', process.versions.node, `move to ${OLDEST_NODE.join('.')} or newer`);
}

function sentenceOf(error: unknown): string {
  const cause = rootOf(error);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
