/**
 * A cluster of three Postgres servers that fails over by itself: Patroni on each, etcd for all, and HAProxy, which leads
 * to the primary. Settings are those of docs/failover.md, with shorter times.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { commandFor } from '../../src/embedded/command.js';
import { freePort } from '../../src/embedded/free-port.js';
import { ServerProcess } from '../../src/embedded/server-process.js';
import { makeServerDirectory, serverUser } from '../../src/embedded/user.js';
import { eventually } from './eventually.js';
import { type FailoverPrograms, findFailoverPrograms } from './failover-programs.js';
import { PatroniNode } from './patroni-node.js';
import { scratchFolder } from './scratch.js';

const NODES = ['n1', 'n2', 'n3'];

/** The least that Patroni takes for the life of the leader's lock; the others follow from it (loop + 2 retries). */
export const LOCK_TTL_S = 20;
const LOOP_WAIT_S = 2;
const RETRY_TIMEOUT_S = 5;

/** Three copies of a cluster, one after the other where the disk is busy. */
const READY_TIMEOUT_MS = 180_000;

const PASSWORD = 'failover';
const DATABASE = 'evercount';

interface Member {
  readonly name: string;
  readonly role: 'leader' | 'sync_standby' | 'replica';
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

export class PatroniCluster {
  private constructor(
    readonly nodes: readonly PatroniNode[],
    private readonly servers: readonly ServerProcess[],
    private readonly folder: string,
    private readonly proxyPort: number,
  ) {}

  /** Settles once there are a primary, a synchronous standby and another standby. */
  static async start(say: (line: string) => void): Promise<PatroniCluster> {
    const programs = findFailoverPrograms(say);
    const folder = await scratchFolder();
    const [etcdPort, peerPort, proxyPort] = [await freePort(), await freePort(), await freePort()];
    const nodes: PatroniNode[] = [];
    for (const name of NODES) {
      const ports = { postgresPort: await freePort(), restPort: await freePort() };
      const configuration = nodeConfiguration({ name, folder, programs, etcdPort, ...ports });
      nodes.push(new PatroniNode({ name, folder, program: programs.patroni, configuration, ...ports }));
    }
    const servers: ServerProcess[] = [];
    const cluster = new PatroniCluster(nodes, servers, folder, proxyPort);
    try {
      servers.push(
        await startServer(folder, 'etcd', programs.etcd, etcdArguments(folder, etcdPort, peerPort), etcdPort),
      );
      const file = join(folder, 'haproxy.cfg');
      await writeFile(file, proxyConfiguration(nodes, proxyPort), { mode: 0o644 });
      servers.push(await startServer(folder, 'haproxy', programs.haproxy, ['-db', '-f', file], proxyPort));
      await Promise.all(nodes.map((node) => node.start()));
      await cluster.untilWhole();
      await cluster.createDatabase();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Through HAProxy. */
  get proxyUrl(): string {
    return `postgres://postgres:${PASSWORD}@127.0.0.1:${this.proxyPort}/${DATABASE}`;
  }

  /** All servers, for whoever finds the primary. */
  get listUrl(): string {
    const hosts = this.nodes.map(({ port }) => `127.0.0.1:${port}`);
    return `postgres://postgres:${PASSWORD}@${hosts.join()}/${DATABASE}?target_session_attrs=read-write`;
  }

  /** @throws Error where there is none right now */
  async node(role: Member['role']): Promise<PatroniNode> {
    const name = (await this.members()).find((member) => member.role === role)?.name;
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node is ${role}`);
    return found;
  }

  /** Settles once another node than `before` is the leader. */
  async untilAnotherLeads(before: PatroniNode): Promise<void> {
    await eventually(async () => (await this.node('leader')).name !== before.name, READY_TIMEOUT_MS);
  }

  /** Settles once the proxy leads to a server that takes writes. */
  async untilWritable(): Promise<void> {
    await eventually(async () => {
      const client = new pg.Client({ connectionString: this.proxyUrl, connectionTimeoutMillis: 1_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('CREATE TEMPORARY TABLE writable ()');
        return true;
      } finally {
        await client.end().catch(() => undefined);
      }
    }, READY_TIMEOUT_MS);
  }

  /** Settles once all nodes are there, one of them a synchronous standby. */
  async untilWhole(): Promise<void> {
    await eventually(async () => {
      const members = await this.members();
      const roles = members.map(({ role }) => role).sort();
      const onOneTimeline = new Set(members.map(({ timeline }) => timeline)).size === 1;
      const upToDate = members.every(({ role, state, lag }) => state === 'running' && (role === 'leader' || lag === 0));
      return roles.join() === 'leader,replica,sync_standby' && onOneTimeline && upToDate;
    }, READY_TIMEOUT_MS);
  }

  /** In order, to the synchronous standby. */
  async switchover(): Promise<void> {
    const leader = await this.node('leader');
    const candidate = await this.node('sync_standby');
    const body = JSON.stringify({ leader: leader.name, candidate: candidate.name });
    const response = await fetch(`${leader.rest}/switchover`, { method: 'POST', body });
    if (!response.ok) throw new Error(`no switchover: ${response.status} ${await response.text()}`);
    await this.untilAnotherLeads(leader);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    for (const server of this.servers) await server.stop('SIGKILL', 0);
    await rm(this.folder, { recursive: true });
  }

  /** As any node that answers sees them. */
  private async members(): Promise<readonly Member[]> {
    const asked = this.nodes.map(async ({ rest }) => {
      const response = await fetch(`${rest}/cluster`, { signal: AbortSignal.timeout(2_000) });
      return ((await response.json()) as { readonly members: readonly Member[] }).members;
    });
    return Promise.any(asked);
  }

  private async createDatabase(): Promise<void> {
    await eventually(async () => {
      const client = new pg.Client({ connectionString: this.proxyUrl.replace(/[^/]+$/, 'postgres') });
      client.on('error', () => undefined);
      await client.connect();
      await client.query(`CREATE DATABASE ${DATABASE}`).finally(() => client.end());
      return true;
    }, READY_TIMEOUT_MS);
  }
}

async function startServer(folder: string, name: string, path: string, args: string[], port: number) {
  const directory = join(folder, name);
  await makeServerDirectory(directory, serverUser());
  const program = { kind: 'binary', path, environment: {} } as const;
  const place = { directory, shared: folder, user: serverUser(), port };
  const command = commandFor({ program, args, ...place, name: `evercount-${name}`, deathSignal: 'SIGKILL' });
  return ServerProcess.start(command, { logFile: join(folder, `${name}.log`), pidFile: null });
}

function etcdArguments(folder: string, port: number, peerPort: number): string[] {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return [
    ...['--name', 'etcd', '--data-dir', join(folder, 'etcd', 'data')],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `etcd=${peer}`],
    // Patroni 3.0 on the third API lets a leader that was frozen take its lock back.
    '--enable-v2=true',
  ];
}

function proxyConfiguration(nodes: readonly PatroniNode[], port: number): string {
  return `
global
  maxconn 1000
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 1s
listen primary
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${nodes.map(({ name, port: own, rest }) => `  server ${name} 127.0.0.1:${own} check port ${new URL(rest).port}`).join('\n')}
`;
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly programs: FailoverPrograms;
  readonly etcdPort: number;
  readonly postgresPort: number;
  readonly restPort: number;
}

function nodeConfiguration({ name, folder, programs, etcdPort, postgresPort, restPort }: Place) {
  const account = (username: string) => ({ username, password: PASSWORD });
  const place = (port: number) => ({ listen: `127.0.0.1:${port}`, connect_address: `127.0.0.1:${port}` });
  return {
    scope: 'evercount',
    name,
    etcd: { host: `127.0.0.1:${etcdPort}` },
    restapi: place(restPort),
    bootstrap: {
      dcs: {
        ttl: LOCK_TTL_S,
        loop_wait: LOOP_WAIT_S,
        retry_timeout: RETRY_TIMEOUT_S,
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: {
          use_pg_rewind: true,
          // None of its nodes is really a machine of its own, so none has to keep much.
          parameters: { max_connections: 100, max_wal_size: '256MB', wal_keep_size: '128MB', wal_log_hints: 'on' },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'],
    },
    postgresql: {
      ...place(postgresPort),
      data_dir: join(folder, name, 'data'),
      bin_dir: programs.postgres,
      pgpass: join(folder, name, 'pgpass'),
      authentication: {
        superuser: account('postgres'),
        replication: account('replicator'),
        rewind: account('rewinder'),
      },
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256'],
      parameters: { unix_socket_directories: '', timezone: 'UTC' },
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    },
    watchdog: { mode: 'off' },
  };
}
