/** The servers and the programs that are compared, each started when it is first needed, all ended together. */
import { Redis } from 'ioredis';
import { startPostgres, startRedis, type TestPostgres, type TestRedis } from '../test/support/servers.js';
import type { TestPooler } from '../test/support/pgbouncer.js';
import type { Runnable } from '../test/support/redis-programs.js';
import type { Runtime } from '../test/support/runtime.js';
import { type Child, type Environment, ROOT, startOpponent, startService } from './child.js';
import { startWebdis } from './opponents/webdis.js';

export type OpponentName = 'upsert-and-set' | 'typeorm-repository' | 'redis-get' | 'constant' | 'constant-resp';
export type Fsync = 'always' | 'everysec';

/** A program under load, and the servers it leans on; for CPU time. */
export interface Subject {
  readonly urls: readonly string[];
  readonly pids: readonly number[];
  readonly redisPid: number | null;
}

export interface SeparateService {
  readonly subject: Subject;
  readonly url: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly stop: () => Promise<void>;
}

/** What sets a service apart from the others. */
export interface Peculiarities {
  readonly environment?: Environment;
  /** Of a proxy in front of Postgres; null: there is none. */
  readonly postgresPort?: number | string | null;
  /** Node's, behind those of the image: of one that is given twice, the last one counts. */
  readonly nodeOptions?: readonly string[];
  /** Where it was built; absent: here. */
  readonly root?: string;
  /** Absent: as TEST_RUNTIME says. */
  readonly runtime?: Runtime;
}

/** Enough for pgbench with one connection for each of 256 clients, and for everybody's pools. */
const MAX_CONNECTIONS = 500;

/** Room for a million rows and all that is read beside them; 128 MB, as Postgres has by itself, are not. */
const SHARED_BUFFERS = '1GB';

/** Where the service's own data are. */
const SERVICE_DATABASE = 'service';
const OPPONENTS_DATABASE = 'opponents';

export class Arena {
  private readonly started = new Map<string, Promise<unknown>>();
  /** In order of starting; ended in the opposite one. */
  private readonly endings: (() => Promise<unknown>)[] = [];

  /** @param buckets into how many the truth of each service is divided; null: nothing is said */
  constructor(private readonly buckets: number | null = null) {}

  /** All databases are in one Postgres: whatever it does on its own account, everybody pays alike. */
  postgres(): Promise<TestPostgres> {
    return this.once('postgres', async () => {
      const postgres = await startPostgres({
        settings: [`max_connections=${MAX_CONNECTIONS}`, `shared_buffers=${SHARED_BUFFERS}`],
      });
      this.endings.push(() => postgres.stop());
      return postgres;
    });
  }

  /** The service, from 1 to `instances` processes on the same database and Redis. */
  async service(instances = 1): Promise<Subject> {
    const children: Child[] = [];
    for (let index = 0; index < instances; index += 1) children.push(await this.instance(index));
    const redis = await this.serviceRedis();
    return { urls: children.map(({ url }) => url), pids: children.map(({ pid }) => pid), redisPid: redis.pid() };
  }

  /** Ends all instances but the first: an idle one costs a little, too. */
  async endFurtherInstances(): Promise<void> {
    for (const [name, child] of this.started) {
      if (!/^instance [1-9]/.test(name)) continue;
      await ((await child) as Child).stop();
      this.started.delete(name);
    }
  }

  serviceDatabase(): Promise<string> {
    return this.database(SERVICE_DATABASE);
  }

  opponentsDatabase(): Promise<string> {
    return this.database(OPPONENTS_DATABASE);
  }

  serviceRedis(): Promise<TestRedis> {
    return this.redis('service', []);
  }

  opponentsRedis(): Promise<TestRedis> {
    return this.redis('opponents', []);
  }

  async opponent(name: OpponentName): Promise<Subject> {
    const redis = await this.opponentsRedis();
    const environment = { DATABASE_URL: await this.opponentsDatabase(), REDIS_URL: redis.url };
    return subjectOf(await this.child(name, () => startOpponent(name, environment)), redis);
  }

  /** Redis with an append-only file, and Fastify in front of it. */
  async redisIncr(fsync: Fsync): Promise<Subject> {
    const redis = await this.redis(`incr ${fsync}`, ['appendonly yes', `appendfsync ${fsync}`]);
    const start = () => startOpponent('redis-incr', { REDIS_URL: redis.url });
    return subjectOf(await this.child(`incr ${fsync}`, start), redis);
  }

  /** Redis with an append-only file that is synced for each answer, and Webdis in front of it. */
  async webdis(program: Runnable): Promise<{ readonly subject: Subject; readonly redisUrl: string }> {
    const redis = await this.redis('webdis', ['appendonly yes', 'appendfsync always']);
    const child = await this.child('webdis', () => startWebdis(program, redis.url));
    return { subject: subjectOf(child, redis), redisUrl: redis.url };
  }

  /** Redis by itself, with an append-only file; null: it keeps nothing. */
  plainRedis(fsync: Fsync | null): Promise<TestRedis> {
    return this.redis(`plain ${fsync ?? ''}`, fsync === null ? [] : ['appendonly yes', `appendfsync ${fsync}`]);
  }

  /** A service whose database and Redis hold nothing else; ended by the caller, else with the others. */
  async separateService(
    name: string,
    { environment = {}, postgresPort = null, nodeOptions = [], root = ROOT, runtime }: Peculiarities = {},
  ): Promise<SeparateService> {
    const redis = await this.redis(name, []);
    const database = new URL(await this.database(name));
    if (postgresPort !== null) database.port = String(postgresPort);
    const databaseUrl = database.href;
    const servers = { ...this.division(), DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
    const start = () => startService({ ...servers, ...environment }, nodeOptions, root, runtime);
    const child = await this.child(`service ${name}`, start);
    const subject = subjectOf(child, redis);
    return { subject, url: child.url, databaseUrl, redisUrl: redis.url, stop: () => child.stop() };
  }

  /** The database of a service that is set apart under this name. */
  databaseOf(name: string): Promise<string> {
    return this.database(name);
  }

  /** Of the pooler, started when it is first asked for. */
  poolerPort(start: () => Promise<TestPooler>): Promise<string> {
    return this.once('pooler', async () => {
      const pooler = await start();
      this.endings.push(() => pooler.stop());
      return new URL(pooler.url).port;
    });
  }

  async stop(): Promise<void> {
    for (const end of this.endings.splice(0).reverse()) await end().catch(() => undefined);
    this.started.clear();
  }

  private instance(index: number): Promise<Child> {
    const start = async () => {
      const servers = { DATABASE_URL: await this.serviceDatabase(), REDIS_URL: (await this.serviceRedis()).url };
      return startService({ ...this.division(), ...servers });
    };
    return this.child(`instance ${index}`, start);
  }

  private division(): Environment {
    return this.buckets === null ? {} : { BUCKETS: String(this.buckets) };
  }

  private database(name: string): Promise<string> {
    return this.once(`database ${name}`, async () => (await this.postgres()).createDatabase(name));
  }

  private redis(name: string, settings: readonly string[]): Promise<TestRedis> {
    return this.once(`redis ${name}`, async () => {
      const redis = await startRedis({ settings });
      this.endings.push(() => redis.stop());
      return redis;
    });
  }

  private child(name: string, start: () => Promise<Child>): Promise<Child> {
    return this.once(name, async () => {
      const child = await start();
      this.endings.push(() => child.stop());
      return child;
    });
  }

  private once<T>(name: string, start: () => Promise<T>): Promise<T> {
    const found = this.started.get(name) as Promise<T> | undefined;
    if (found !== undefined) return found;
    const starting = start();
    this.started.set(name, starting);
    return starting;
  }
}

function subjectOf({ url, pid }: Child, redis: TestRedis): Subject {
  return { urls: [url], pids: [pid], redisPid: redis.pid() };
}

/** Runs commands on a connection of their own. */
export async function inRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  return work(client).finally(() => client.disconnect());
}
