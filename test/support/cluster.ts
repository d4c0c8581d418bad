/** A Redis Cluster on this machine: three primaries with a replica each, and what operators and faults do to them. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/free-port.js';
import { findRedis } from '../../src/embedded/redis-program.js';
import { eventually } from './eventually.js';
import { startRedis, type TestRedis } from './servers.js';

export const CLUSTER_SLOTS = 16_384;
const PRIMARIES = 3;

/** Silent for this long, a server counts as down; shorter ones are found where the machine is busy. */
const NODE_TIMEOUT_MS = 2_000;

/** A server that is frozen answers nobody. */
const HAND_TIMEOUT_MS = 1_000;

/** Of a slot that is moved key by key. */
const MIGRATE_TIMEOUT_MS = 5_000;
const KEYS_PER_MOVE = 1_000;

/** How `CLUSTER FAILOVER` is told: in agreement with the primary, without it, or without anybody. */
export type Takeover = 'agreed' | 'FORCE' | 'TAKEOVER';

/** A server of the cluster, as it sees itself. */
export interface ClusterView {
  readonly id: string;
  readonly isPrimary: boolean;
  readonly epoch: number;
  /** First and last of each range. */
  readonly slots: readonly (readonly [first: number, last: number])[];
  /** What it says of a slot that is being moved away from it or to it. */
  readonly open: readonly string[];
}

export interface TestCluster {
  /** Of the service. */
  readonly url: string;
  /** The primaries of the beginning, then their replicas in the same order. */
  readonly servers: readonly TestRedis[];
  /** For commands to one server; it fails where that does not answer within a second. */
  hand(server: TestRedis): Redis;
  /** What a server says of itself; null where it does not answer. */
  view(server: TestRedis): Promise<ClusterView | null>;
  /** The one that holds itself for the primary of a slot, in the newest epoch of all that answer. */
  primaryOf(slot: number): Promise<TestRedis>;
  /** One that follows this primary. */
  replicaOf(primary: TestRedis): Promise<TestRedis>;
  /** Has a replica of the slot's primary take over, and waits until it has. */
  failover(slot: number, how: Takeover): Promise<void>;
  /** Settles when another server than this one has the slot. */
  untilLeft(server: TestRedis, slot: number): Promise<void>;
  /** Opens a slot: its primary sends away who asks for a key that it does not have. */
  openSlot(slot: number, to: TestRedis): Promise<void>;
  /** Moves the keys that an open slot has on one server to the other one. */
  moveKeys(slot: number, from: TestRedis, to: TestRedis): Promise<void>;
  /** Ends the move of an open slot with its primary keeping it; what was sent away comes back, over what is there. */
  cancelMove(slot: number, owner: TestRedis, other: TestRedis): Promise<void>;
  /** All of it: a slot and its keys go to another primary. */
  moveSlot(slot: number, to: TestRedis): Promise<void>;
  /** Settles when every slot has a primary that all agree on, and every primary a replica that follows. */
  untilWhole(): Promise<void>;
  /** Forgets everything, and makes a cluster of the same servers: other names, elections from the beginning. */
  createAnew(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<TestCluster> {
  const program = findRedis();
  const password = randomBytes(16).toString('hex');
  const start = async () => {
    const busPort = await freePort();
    const server = await startRedis({
      program,
      password,
      settings: [
        'cluster-enabled yes',
        `cluster-port ${busPort}`,
        `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
        'cluster-replica-validity-factor 0',
        // Each primary keeps the replica that it was given.
        'cluster-allow-replica-migration no',
        // Where a server is away, the slots of the others are served.
        'cluster-require-full-coverage no',
        `masterauth ${password}`,
        'repl-diskless-sync-delay 0',
        'repl-timeout 5',
      ],
    });
    return { server, busPort };
  };
  const started = await Promise.all(Array.from({ length: 2 * PRIMARIES }, start));
  const servers = started.map(({ server }) => server);
  const hands = new Map(servers.map((server) => [server, handOf(server)]));
  const hand = (server: TestRedis): Redis => {
    const found = hands.get(server);
    if (found === undefined) throw new Error('it is no server of this cluster');
    return found;
  };
  const call = (server: TestRedis, ...command: (string | number)[]): Promise<unknown> => {
    const [name = '', ...args] = command;
    return hand(server).call(String(name), ...args);
  };
  const view = async (server: TestRedis): Promise<ClusterView | null> =>
    call(server, 'CLUSTER', 'NODES').then(
      (text) => ownViewIn(String(text)),
      () => null,
    );
  const views = () => Promise.all(servers.map(async (server) => ({ server, seen: await view(server) })));

  const primaryOf = async (slot: number): Promise<TestRedis> => {
    const claims = (await views()).flatMap(({ server, seen }) =>
      seen !== null && holds(seen, slot) ? [{ server, epoch: seen.epoch }] : [],
    );
    const [newest] = claims.sort((a, b) => b.epoch - a.epoch);
    if (newest === undefined) throw new Error(`nobody holds slot ${slot}`);
    return newest.server;
  };
  const idOf = async (server: TestRedis): Promise<string> => String(await call(server, 'CLUSTER', 'MYID'));
  const replicaOf = async (primary: TestRedis): Promise<TestRedis> => {
    const replication = await Promise.all(
      servers.map((server) =>
        hand(server)
          .info('replication')
          .catch(() => ''),
      ),
    );
    const found = servers.find((_, index) =>
      new RegExp(`^role:slave\\b[^]*^master_port:${primary.port}\\b`, 'm').test(replication[index] ?? ''),
    );
    if (found === undefined) throw new Error('nobody follows it');
    return found;
  };
  const untilLeft = (server: TestRedis, slot: number): Promise<void> =>
    eventually(async () => (await primaryOf(slot)) !== server);

  /** Whether all agree: each slot has one primary, whom each of the others knows as such, and which is followed. */
  const isWhole = async (): Promise<boolean> => {
    const texts = await Promise.all(servers.map(async (server) => String(await call(server, 'CLUSTER', 'NODES'))));
    const maps = new Set(texts.map(mapIn));
    const infos = await Promise.all(servers.map((server) => call(server, 'CLUSTER', 'INFO')));
    const replications = await Promise.all(servers.map((server) => hand(server).info('replication')));
    return (
      maps.size === 1 &&
      infos.every(
        (info) => /^cluster_state:ok\b/m.test(String(info)) && /^cluster_slots_ok:16384\b/m.test(String(info)),
      ) &&
      replications.filter((text) => /^role:slave\b[^]*^master_link_status:up\b/m.test(text)).length === PRIMARIES &&
      replications.filter((text) => /^role:master\b[^]*^connected_slaves:1\b/m.test(text)).length === PRIMARIES
    );
  };
  const untilWhole = (): Promise<void> => eventually(isWhole);

  const openSlot = async (slot: number, to: TestRedis): Promise<void> => {
    const from = await primaryOf(slot);
    await call(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
    await call(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
  };
  const moveKeys = async (slot: number, from: TestRedis, to: TestRedis): Promise<void> => {
    for (;;) {
      const keys = (await call(from, 'CLUSTER', 'GETKEYSINSLOT', slot, KEYS_PER_MOVE)) as string[];
      if (keys.length === 0) return;
      const access = ['AUTH', password, 'KEYS', ...keys];
      await call(from, 'MIGRATE', '127.0.0.1', to.port, '', 0, MIGRATE_TIMEOUT_MS, 'REPLACE', ...access);
    }
  };
  const closeSlot = async (slot: number, owner: TestRedis): Promise<void> => {
    const id = await idOf(owner);
    await call(owner, 'CLUSTER', 'SETSLOT', slot, 'NODE', id);
    for (const { server, seen } of await views()) {
      if (server === owner || seen?.isPrimary !== true) continue;
      // One that has keys of it, or is about to become a replica, refuses.
      await call(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', id).catch(() => undefined);
    }
  };
  const cancelMove = async (slot: number, owner: TestRedis, other: TestRedis): Promise<void> => {
    // While it sends away whoever asks for a key that it does not have, it takes none back.
    await call(owner, 'CLUSTER', 'SETSLOT', slot, 'STABLE');
    await moveKeys(slot, other, owner);
    await call(other, 'CLUSTER', 'SETSLOT', slot, 'STABLE');
  };

  const form = async (): Promise<void> => {
    const [first] = servers;
    if (first === undefined) throw new Error('there is no server');
    for (const [index, server] of servers.entries()) {
      await call(server, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index >= PRIMARIES) continue;
      const share = CLUSTER_SLOTS / PRIMARIES;
      const [from, to] = [Math.ceil(index * share), Math.ceil((index + 1) * share) - 1];
      await call(server, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
    }
    for (const { server, busPort } of started.slice(1)) {
      await call(first, 'CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
    }
    for (const [index, server] of servers.slice(PRIMARIES).entries()) {
      const primary = servers[index];
      if (primary === undefined) continue;
      const id = await idOf(primary);
      // Refused until it has heard of that one.
      await eventually(async () => (await call(server, 'CLUSTER', 'REPLICATE', id)) === 'OK');
    }
    await untilWhole();
  };
  await form();

  return {
    url: `redis-cluster://:${password}@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    servers,
    hand,
    view,
    primaryOf,
    replicaOf,
    failover: async (slot, how) => {
      const primary = await primaryOf(slot);
      const replica = await replicaOf(primary);
      const more = how === 'agreed' ? [] : [how];
      await eventually(async () => (await call(replica, 'CLUSTER', 'FAILOVER', ...more)) === 'OK');
      await untilLeft(primary, slot);
    },
    untilLeft,
    openSlot,
    moveKeys,
    cancelMove,
    moveSlot: async (slot, to) => {
      const from = await primaryOf(slot);
      await openSlot(slot, to);
      await moveKeys(slot, from, to);
      await closeSlot(slot, to);
    },
    untilWhole,
    createAnew: async () => {
      await Promise.all(
        servers.map(async (server) => {
          // A replica refuses to be emptied; it is emptied when it is reset.
          await call(server, 'FLUSHALL').catch(() => undefined);
          await call(server, 'CLUSTER', 'RESET', 'HARD');
        }),
      );
      await form();
    },
    stop: async () => {
      for (const one of hands.values()) one.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function handOf({ url }: TestRedis): Redis {
  const hand = new Redis(url, {
    commandTimeout: HAND_TIMEOUT_MS,
    retryStrategy: () => 50,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
  });
  hand.on('error', () => undefined);
  return hand;
}

/** `id address flags primary ping pong epoch link slots…`, the flags with commas between them. */
function linesIn(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}

function ownViewIn(text: string): ClusterView | null {
  const own = linesIn(text).find(([, , flags = '']) => flags.split(',').includes('myself'));
  if (own === undefined) return null;
  const [id = '', , flags = '', , , , epoch = '0', , ...slots] = own;
  return {
    id,
    isPrimary: flags.split(',').includes('master'),
    epoch: Number(epoch),
    slots: slots.filter((slot) => !slot.startsWith('[')).map(rangeOf),
    open: slots.filter((slot) => slot.startsWith('[')),
  };
}

function rangeOf(text: string): [number, number] {
  const [first = '', last = first] = text.split('-');
  return [Number(first), Number(last)];
}

function holds({ isPrimary, slots }: ClusterView, slot: number): boolean {
  return isPrimary && slots.some(([first, last]) => first <= slot && slot <= last);
}

/** Who has which slots and who follows whom, as this server sees it, in a form that can be compared. */
function mapIn(text: string): string {
  return linesIn(text)
    .map(([id = '', , flags = '', primary = '', , , , , ...slots]) => {
      const role = flags.split(',').filter((flag) => flag !== 'myself');
      return [id, ...role, primary, ...slots.filter((slot) => !slot.startsWith('['))].join(' ');
    })
    .sort()
    .join('\n');
}
