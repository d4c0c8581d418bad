/**
 * Postgres and Redis for the tests: real ones, on free ports, with data of their own, which end with the test process
 * whatever happens to it. In containers where a Docker engine answers, else by programs of this machine; with
 * TEST_SERVERS=local always the latter.
 */
import { randomBytes } from 'node:crypto';
import { chown, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Program } from '../../src/embedded/command.js';
import { engineAnswers } from '../../src/embedded/docker-engine.js';
import { freePort } from '../../src/embedded/free-port.js';
import { findPostgres, postgresInContainer, type PostgresPrograms } from '../../src/embedded/postgres-programs.js';
import {
  ensureDatabase,
  postgresArguments,
  postgresUrl,
  startPostgresProcess,
  untilPostgresIsReady,
  type Cluster,
} from '../../src/embedded/postgres-server.js';
import { findRedis, redisInContainer, type RedisProgram } from '../../src/embedded/redis-program.js';
import {
  redisConfiguration,
  redisUrl,
  startRedisProcess,
  untilRedisIsReady,
  type RedisPlace,
} from '../../src/embedded/redis-server.js';
import type { ServerProcess } from '../../src/embedded/server-process.js';
import type { Starting } from '../../src/embedded/until.js';
import { makeServerDirectory, serverUser } from '../../src/embedded/user.js';
import { copyCluster, PID_FILE, scratchFolder } from './scratch.js';
import { LocalHost, type ServerHost } from './server-host.js';

/** What can be done to any server of the tests. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Of its first process, now; another one after each start. */
  pid(): number;
  /** Its folder on this machine. */
  readonly dir: string;
  /** An orderly end, after which nothing of it is left; also for one that was killed. */
  stop(): Promise<void>;
  /** SIGKILL to all of its processes at once. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Lets the test process end although it runs; it ends with the process. */
  unref(): void;
}

export interface TestPostgres extends TestServer {
  /** Ends it in order if it runs, then starts it on the same port with the same data. */
  restart(): Promise<void>;
  /** The same, by Postgres' immediate shutdown: no goodbye, recovery from the log. */
  restartImmediately(): Promise<void>;
  /** Makes a database and answers its URL. */
  createDatabase(name: string): Promise<string>;
}

export interface TestRedis extends TestServer {
  readonly password: string;
  /** Ends it in order if it runs, then starts it on the same port; `empty` removes what it had saved. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
}

export interface PostgresOptions {
  /** `name=value`, such as `max_connections=20`; they win over ours. */
  readonly settings?: readonly string[];
}

export interface RedisOptions {
  /** Shared with others, which follow it or ask it; else it has one of its own. */
  readonly password?: string;
  /** Not in a container, from where it could reach no others: it follows another one, or may be followed. */
  readonly program?: RedisProgram;
  /** Lines of its configuration, such as `maxmemory 10mb`; they win over ours. */
  readonly settings?:
    readonly string[] | ((place: { readonly dir: string; readonly port: number }) => readonly string[]);
  /** Put into its folder before it starts: certificates, access lists, a snapshot. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** It speaks TLS on its port: for the URL. Whether it is ready is then for the test to find out. */
  readonly tls?: boolean;
}

/** A server that is killed leaves its shared memory behind, where it is none of its folder. */
const SHARED_MEMORY_IN_ITS_FOLDER = 'dynamic_shared_memory_type=mmap';

const inContainers = () => process.env['TEST_SERVERS'] !== 'local' && engineAnswers();

/** A Postgres of one's own, for a test that breaks it; the others share one (shared-postgres.ts). */
export async function startPostgres({ settings = [] }: PostgresOptions = {}): Promise<TestPostgres> {
  const programs = (inContainers() ? postgresInContainer() : null) ?? findPostgres(null);
  return startPostgresOn(await newCluster(programs), settings);
}

/** A cluster in a folder of its own; all that were made by the same programs are one another's copies. */
export async function newCluster(programs: PostgresPrograms): Promise<Cluster> {
  const folder = await scratchFolder();
  const cluster: Cluster = { directory: join(folder, 'postgres'), programs, user: serverUser() };
  await copyCluster(cluster, logFileOf(cluster));
  return cluster;
}

/** The server of a cluster that was made for the tests. */
export async function startPostgresOn(cluster: Cluster, settings: readonly string[]): Promise<TestPostgres> {
  const { directory } = cluster;
  const folder = dirname(directory);
  const outlets = { logFile: logFileOf(cluster), pidFile: join(folder, PID_FILE) };
  const port = await freePort();
  const all = [SHARED_MEMORY_IN_ITS_FOLDER, ...settings];
  const host = await hostFor(cluster.programs.postgres, {
    folder,
    port,
    args: postgresArguments(cluster, port, all),
    stopSignal: 'SIGINT',
    launch: () => startPostgresProcess(cluster, port, 'postgres', outlets, all),
    ready: (server) => untilPostgresIsReady(server, directory, port),
  });
  await host.start();
  return {
    ...handle(host, folder),
    url: postgresUrl(directory, port, 'postgres'),
    port,
    dir: directory,
    pid: () => host.pid,
    restart: async () => {
      await host.stop();
      await host.start();
    },
    restartImmediately: async () => {
      await host.endBy('SIGQUIT');
      await host.start();
    },
    createDatabase: (name) => ensureDatabase(directory, port, name),
  };
}

const logFileOf = ({ directory }: Cluster): string => join(dirname(directory), 'postgres.log');

/** A Redis of one's own; there is no shared one: FLUSHALL is what tests of this service do. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const { settings = [], files = {}, tls = false } = options;
  const folder = await scratchFolder();
  const directory = join(folder, 'redis');
  const user = serverUser();
  await makeServerDirectory(directory, user);
  const program = options.program ?? (inContainers() ? redisInContainer() : null) ?? findRedis();
  const place: RedisPlace = { directory, shared: folder, program, user };
  const access = { port: await freePort(), password: options.password ?? randomBytes(16).toString('hex') };
  const { port, password } = access;
  const lines = typeof settings === 'function' ? settings({ dir: directory, port }) : settings;
  const configuration = { 'redis.conf': redisConfiguration(place, access, lines) };
  for (const [name, content] of Object.entries({ ...files, ...configuration })) {
    await writeFile(join(directory, name), content, { mode: 0o600 });
    if (user !== null) await chown(join(directory, name), user.uid, user.gid);
  }
  const kept = new Set(await readdir(directory));
  const outlets = { logFile: join(folder, 'redis.log'), pidFile: join(folder, PID_FILE) };
  const host = await hostFor(program.server, {
    folder,
    port,
    args: [join(directory, 'redis.conf')],
    stopSignal: 'SIGTERM',
    launch: () => startRedisProcess(place, access, 'redis', outlets, lines),
    ready: (server) => (tls ? Promise.resolve() : untilRedisIsReady(server, port, password)),
  });
  await host.start();
  return {
    ...handle(host, folder),
    url: tls ? redisUrl(port, password).replace('redis:', 'rediss:') : redisUrl(port, password),
    port,
    dir: directory,
    pid: () => host.pid,
    password,
    restart: async ({ empty = false } = {}) => {
      await host.stop();
      const found = empty ? (await readdir(directory)).filter((name) => !kept.has(name)) : [];
      await Promise.all(found.map((name) => rm(join(directory, name), { recursive: true })));
      await host.start();
    },
  };
}

interface HostPlan {
  readonly folder: string;
  readonly port: number;
  readonly args: readonly string[];
  readonly stopSignal: NodeJS.Signals;
  readonly launch: () => Promise<ServerProcess>;
  readonly ready: (server: Starting) => Promise<void>;
}

async function hostFor(program: Program, plan: HostPlan): Promise<ServerHost> {
  switch (program.kind) {
    case 'image': {
      const { ContainerHost } = await import('./server-container.js');
      const untilReady = () => plan.ready({ end: null, lastWords: () => 'see the log of the container' });
      return new ContainerHost({ ...plan, image: program.image, path: program.path, user: serverUser(), untilReady });
    }
    case 'binary':
      return new LocalHost(async () => {
        const server = await plan.launch();
        try {
          await plan.ready(server);
        } catch (error) {
          await server.stop('SIGKILL', 0);
          throw error;
        }
        return server;
      }, plan.stopSignal);
  }
}

function handle(host: ServerHost, folder: string) {
  return {
    stop: async () => {
      await host.stop();
      await host.remove();
      await rm(folder, { recursive: true });
    },
    kill: () => host.kill(),
    freeze: () => host.freeze(),
    thaw: () => host.thaw(),
    unref: () => host.unref(),
  };
}
