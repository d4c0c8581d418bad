/**
 * Postgres and Redis of our own, for a service that was given neither: children of this process, reachable from this
 * machine alone, with their data in one folder. Postgres keeps every count through any end of anything; Redis, a cache,
 * starts empty.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockData } from './data-lock.js';
import { removeContainer } from './docker-engine.js';
import { EmbeddedError } from './embedded-error.js';
import { onFreePort } from './free-port.js';
import { endLeftover } from './leftovers.js';
import { findPostgres } from './postgres-programs.js';
import {
  createCluster,
  disownPostmaster,
  ensureDatabase,
  majorOf,
  startPostgresProcess,
  untilPostgresIsReady,
  type Cluster,
} from './postgres-server.js';
import { findRedis } from './redis-program.js';
import { redisUrl, startRedisProcess, untilRedisIsReady } from './redis-server.js';
import { leaveAddresses, removeAddresses } from './running-servers.js';
import type { ServerProcess } from './server-process.js';
import { forgetPostgresOfShell } from './shell-variables.js';
import { SupervisedServer } from './supervised-server.js';
import { makeServerDirectory, serverUser } from './user.js';

export interface EmbeddedServers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Ends both and gives the folder free; call it last, when nothing uses them any more. */
  stop(): Promise<void>;
}

type Say = (line: string) => void;

/** Room for a million entries; on a full cache the service reads Postgres and nothing is evicted behind its back. */
const REDIS_SETTINGS = ['maxmemory 512mb', 'maxmemory-policy noeviction'];

/** Logs are for looking at after a fault; two of this size are kept. */
const LOG_MAX_BYTES = 5_000_000;

/** A connection that computes looks up within seconds. */
const ORPHANS_PATIENCE_MS = 10_000;
const ORPHANS_POLL_MS = 100;

/**
 * Starts both and settles when both take connections. They are started again when they die, and die with this process
 * if it is killed.
 *
 * @param dataDir made if missing; taken by one service at a time
 * @param say told in short lines what happens
 * @throws EmbeddedError when they cannot run here, with what to do about it; nothing is left running then
 */
export async function startEmbeddedServers(dataDir: string, say: Say): Promise<EmbeddedServers> {
  forgetPostgresOfShell(process.env);
  const folder = resolve(dataDir);
  await makeDataFolder(folder);
  const unlock = await lockData(folder);
  const running: SupervisedServer[] = [];
  const stop = async () => {
    await removeAddresses(folder);
    await Promise.all(running.map((server) => server.stop()));
    await unlock();
  };
  try {
    const databaseUrl = await startPostgres(folder, say, running);
    const urls = { databaseUrl, redisUrl: await startRedis(folder, say, running) };
    await leaveAddresses(folder, urls);
    return { ...urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new EmbeddedError(
      `${folder} cannot be written to (${(error as Error).message}): the counts would have no place. ` +
        'If it was made by another user or by root, start as that user or change its owner. Servers that are there ' +
        'already are named by DATABASE_URL and REDIS_URL, both of them.',
    );
  }
}

async function startPostgres(folder: string, say: Say, running: SupervisedServer[]): Promise<string> {
  const directory = join(folder, 'postgres');
  const pidFile = join(folder, 'postgres.pid');
  const logFile = await logFileIn(folder, 'postgres');
  const leftover = await endLeftover(pidFile, 'SIGQUIT');
  if (leftover !== null) await disownPostmaster(directory, leftover.pid);
  if (leftover?.wasRunning === true) say('Ended a Postgres that an earlier run had left behind');
  const major = majorOf(directory);
  const programs = findPostgres(major, say);
  const cluster: Cluster = { directory, programs, user: serverUser(directory) };
  const name = containerName(folder, 'postgres');
  if (programs.postgres.kind === 'image') await removeContainer(name);
  if (major === null) {
    say(`Making a new database in ${directory}`);
    await createCluster(cluster, logFile);
  } else {
    await makeServerDirectory(directory, cluster.user);
  }
  const port = await onFreePort(async (port) => {
    const start = () =>
      onceMemoryIsFree(async () => {
        const server = await startPostgresProcess(cluster, port, name, { logFile, pidFile });
        await untilReady(server, untilPostgresIsReady(server, directory, port));
        return server;
      });
    running.push(await SupervisedServer.start({ name: 'Postgres', start, stopSignal: 'SIGINT', say }));
  });
  say(`Postgres ${programs.major} (${programs.where}) runs on port ${port}, data in ${directory}`);
  return ensureDatabase(directory, port);
}

async function startRedis(folder: string, say: Say, running: SupervisedServer[]): Promise<string> {
  const directory = join(folder, 'redis');
  const pidFile = join(folder, 'redis.pid');
  const logFile = await logFileIn(folder, 'redis');
  const leftover = await endLeftover(pidFile, 'SIGTERM');
  if (leftover?.wasRunning === true) say('Ended a Redis that an earlier run had left behind');
  const program = findRedis(say);
  const user = serverUser(directory);
  await makeServerDirectory(directory, user);
  const name = containerName(folder, 'redis');
  if (program.server.kind === 'image') await removeContainer(name);
  const password = randomBytes(24).toString('base64url');
  const place = { directory, shared: folder, program, user };
  const port = await onFreePort(async (port) => {
    const start = async () => {
      const server = await startRedisProcess(place, { port, password }, name, { logFile, pidFile }, REDIS_SETTINGS);
      await untilReady(server, untilRedisIsReady(server, port, password));
      return server;
    };
    running.push(await SupervisedServer.start({ name: 'Redis', start, stopSignal: 'SIGTERM', say }));
  });
  say(`${program.version} (${program.where}) runs on port ${port}`);
  return redisUrl(port, password);
}

/** Connections of a Postgres that was killed notice it within moments; until then no other one may start. */
async function onceMemoryIsFree(start: () => Promise<ServerProcess>): Promise<ServerProcess> {
  const deadline = performance.now() + ORPHANS_PATIENCE_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const held = error instanceof EmbeddedError && error.message.includes('is still in use');
      if (!held || performance.now() > deadline) throw error;
      await sleep(ORPHANS_POLL_MS);
    }
  }
}

/** A start that failed leaves nothing behind. */
async function untilReady(server: ServerProcess, ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (error) {
    await server.stop('SIGKILL', 0);
    throw error;
  }
}

async function logFileIn(folder: string, name: string): Promise<string> {
  const file = join(folder, `${name}.log`);
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_MAX_BYTES) await rename(file, `${file}.old`);
  return file;
}

/** The same for the same folder, so that a container left over is found; another for every other. */
function containerName(folder: string, server: string): string {
  return `evercount-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}-${server}`;
}
