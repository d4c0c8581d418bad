/** A primary, its replicas, and the Sentinels that fail over from one to the other, all on this machine. */
import { randomBytes } from 'node:crypto';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { commandFor } from '../../src/embedded/command.js';
import { freePort } from '../../src/embedded/free-port.js';
import { findRedis, type RedisProgram } from '../../src/embedded/redis-program.js';
import { ServerProcess } from '../../src/embedded/server-process.js';
import { makeServerDirectory, serverUser } from '../../src/embedded/user.js';
import { eventually } from './eventually.js';
import { PID_FILE, scratchFolder } from './scratch.js';
import { startRedis, type TestRedis } from './servers.js';

const NAME = 'main';
const SENTINELS = 3;
const QUORUM = 2;

/** Frozen or gone for this long, a primary counts as down; shorter ones are found where the machine is busy. */
const DOWN_AFTER_MS = 2_000;

const FAILOVER_TIMEOUT_MS = 10_000;

export interface TestSentinel {
  /** Of the service, without Sentinel's own password. */
  readonly url: string;
  readonly sentinelPassword: string;
  readonly servers: readonly [TestRedis, TestRedis];
  /** The one that Sentinel holds for the primary, and the other one. */
  roles(): Promise<{ primary: TestRedis; replica: TestRedis }>;
  /** Asks for a failover, and waits until it is over. */
  failover(): Promise<void>;
  /** Settles when Sentinel leads to another server than this one. */
  untilLeft(server: TestRedis): Promise<void>;
  /** Settles when there is a primary with a replica that follows it, and Sentinel knows of both. */
  untilWhole(): Promise<void>;
  /**
   * Starts another server, and a Sentinel that names it and knows of no other one, as one does that is cut off together
   * with a server that was the primary; the URL has this Sentinel before the others.
   */
  startCutOff(): Promise<{ readonly url: string; stop(): Promise<void> }>;
  stop(): Promise<void>;
}

/** Starts two servers of Redis and three Sentinels. */
export async function startSentinel(): Promise<TestSentinel> {
  const program = findRedis();
  const [password, sentinelPassword] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const settings = [`masterauth ${password}`, 'repl-diskless-sync-delay 0', 'repl-timeout 5'];
  const first = await startRedis({ program, password, settings });
  const second = await startRedis({ program, password, settings });
  // Not by its configuration, which Sentinel cannot rewrite here: as a primary that restarts it would follow its replica.
  await ask(second, (client) => client.replicaof('127.0.0.1', first.port));
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startOne(program, first.port, password, sentinelPassword)),
  );
  const hands = sentinels.map(({ port }) => {
    const hand = new Redis({ port, password: sentinelPassword });
    hand.on('error', () => undefined);
    return hand;
  });
  const [hand] = hands;
  if (hand === undefined) throw new Error('there is no Sentinel');

  const addressed = async (one: Redis): Promise<number> => {
    const address = (await one.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as [string, string];
    return Number(address[1]);
  };
  const roles = async () => {
    const port = await addressed(hand);
    return port === first.port ? { primary: first, replica: second } : { primary: second, replica: first };
  };
  const all = async (holds: (one: Redis) => Promise<boolean>): Promise<boolean> =>
    (await Promise.all(hands.map(holds))).every((held) => held);
  const untilLeft = (server: TestRedis): Promise<void> =>
    eventually(() => all(async (one) => (await addressed(one)) !== server.port));
  // Looked at together: who is the primary may change while one waits for it.
  const isAllWhole = async (): Promise<boolean> => {
    if (!(await all((one) => isWhole(one)))) return false;
    const { primary, replica } = await roles();
    return (
      (await replication(primary)).includes('role:master') &&
      (await replication(replica)).includes('master_link_status:up')
    );
  };
  const untilWhole = (): Promise<void> => eventually(isAllWhole);
  await untilWhole();
  const urlOf = (ports: readonly number[]): string =>
    `redis-sentinel://:${password}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
  const ports = sentinels.map(({ port }) => port);
  return {
    url: urlOf(ports),
    sentinelPassword,
    servers: [first, second],
    roles,
    failover: async () => {
      const { primary } = await roles();
      // Refused while the one before is not quite over.
      await eventually(async () => (await hand.call('SENTINEL', 'FAILOVER', NAME)) === 'OK');
      await untilLeft(primary);
    },
    untilLeft,
    untilWhole,
    startCutOff: async () => {
      const server = await startRedis({ program, password });
      const one = await startOne(program, server.port, password, sentinelPassword);
      return {
        url: urlOf([one.port, ...ports]),
        stop: async () => {
          await one.stop();
          await server.stop();
        },
      };
    },
    stop: async () => {
      for (const one of hands) one.disconnect();
      await Promise.all(sentinels.map((one) => one.stop()));
      await Promise.all([first.stop(), second.stop()]);
    },
  };
}

/** Whether this Sentinel sees a primary, a replica that is up, and the other Sentinels. */
async function isWhole(hand: Redis): Promise<boolean> {
  const primary = fieldsOf((await hand.call('SENTINEL', 'MASTER', NAME)) as string[]);
  const replicas = ((await hand.call('SENTINEL', 'REPLICAS', NAME)) as string[][]).map(fieldsOf);
  return (
    primary.get('flags') === 'master' &&
    primary.get('num-other-sentinels') === String(SENTINELS - 1) &&
    replicas.some((replica) => replica.get('flags') === 'slave' && replica.get('master-link-status') === 'ok')
  );
}

function fieldsOf(reply: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < reply.length; index += 2) fields.set(reply[index] ?? '', reply[index + 1] ?? '');
  return fields;
}

const replication = (server: TestRedis): Promise<string> => ask(server, (client) => client.info('replication'));

async function ask<T>({ url }: TestRedis, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

/** A Sentinel writes what it learns into its configuration: so it needs a file of its own. */
async function startOne(program: RedisProgram, primaryPort: number, password: string, own: string) {
  const folder = await scratchFolder();
  const directory = join(folder, 'sentinel');
  const user = serverUser();
  await makeServerDirectory(directory, user);
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `requirepass ${own}`,
    `sentinel sentinel-pass ${own}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${QUORUM}`,
    `sentinel auth-pass ${NAME} ${password}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  if (user !== null) await chown(file, user.uid, user.gid);
  const command = commandFor({
    program: program.server,
    args: [file, '--sentinel'],
    directory,
    shared: folder,
    user,
    port,
    name: 'sentinel',
    deathSignal: 'SIGKILL',
  });
  const logFile = join(folder, 'sentinel.log');
  const server = await ServerProcess.start(command, { logFile, pidFile: join(folder, PID_FILE) });
  return {
    port,
    stop: async () => {
      await server.stop('SIGTERM', 5_000);
      await rm(folder, { recursive: true });
    },
  };
}
