/** A service with its servers, a normal client, and attackers that begin and end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { KeyAdministration } from '../../../src/access/key-administration.js';
import { freePort } from '../../../src/embedded/free-port.js';
import type { Scope } from '../../../src/domain/scope.js';
import { ApiKeys } from '../../../src/store/api-keys.js';
import { type AppProcess, startAppProcess } from '../../support/app.js';
import { startRedis, type TestRedis } from '../../support/servers.js';
import { ATTACKED_PREFIX, type Loot } from './attackers.js';
import type { Tally } from './flood.js';
import { NormalClient } from './normal-client.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

/** What one key may bring into being, here: that it is held to it shows within a minute. */
export const NAMES_PER_KEY = 20_000;

/** What Redis may take. */
export const REDIS_BYTES = 64 * 2 ** 20;

const ATTACKERS_LABEL = 'attackers';

const RUN_TYPESCRIPT = new URL('../../support/run-typescript.mjs', import.meta.url).href;
const ATTACKER = fileURLToPath(new URL('attacker.ts', import.meta.url));

/** What the service and its servers hold. */
export interface Held {
  readonly memoryBytes: number;
  readonly redisBytes: number;
  readonly databaseBytes: number;
  /** Names that the attackers have brought into being, and what they have changed in all. */
  readonly names: number;
  readonly changes: number;
  /** What everybody has changed. */
  readonly allChanges: number;
}

export class Siege {
  private readonly attackers = new Set<ChildProcess>();

  private constructor(
    readonly app: AppProcess,
    readonly client: NormalClient,
    private readonly keys: KeyAdministration,
    private readonly loot: Loot,
    private readonly respPort: number,
    private readonly redis: TestRedis,
    private readonly pool: pg.Pool,
  ) {}

  static async begin(databaseUrl: string): Promise<Siege> {
    const redis = await startRedis({ settings: [`maxmemory ${REDIS_BYTES}`] });
    const respPort = await freePort();
    const env = {
      AUTH: 'required',
      ADMIN_KEY,
      HOST: '0.0.0.0',
      TRUSTED_PROXIES: '127.0.0.1',
      NAMES_PER_KEY: String(NAMES_PER_KEY),
      RESP_PORT: String(respPort),
    };
    const app = await startAppProcess({ databaseUrl, redisUrl: redis.url, env });
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    const keys = new KeyAdministration(new ApiKeys(pool));
    const keyFor = async (label: string, scopes: readonly Scope[], prefix: string): Promise<string> =>
      (await keys.create({ label, scopes, prefix, expiresAt: null })).key;
    const loot = {
      readKey: await keyFor(ATTACKERS_LABEL, ['read'], ''),
      writeKey: await keyFor(ATTACKERS_LABEL, ['read', 'write'], ATTACKED_PREFIX),
    };
    const port = Number(new URL(app.url).port);
    const client = new NormalClient(port, await keyFor('normal', ['read', 'write'], 'normal/'));
    return new Siege(app, client, keys, loot, respPort, redis, pool);
  }

  /** Settles when the attackers have begun. */
  async attack(...names: readonly string[]): Promise<void> {
    const hosts = ownAddresses();
    const port = Number(new URL(this.app.url).port);
    await Promise.all(
      names.map(async (name, index) => {
        const target = { host: hosts[index % hosts.length], port, respPort: this.respPort };
        const json = JSON.stringify({ target, loot: this.loot });
        const child = spawn(process.execPath, ['--import', RUN_TYPESCRIPT, ATTACKER, name, json], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        this.attackers.add(child);
        await once(createInterface(child.stdout), 'line');
      }),
    );
  }

  /** Ends the attacks; answers what they were answered. */
  async relieve(): Promise<Tally> {
    const all: Tally = {};
    for (const child of this.attackers) {
      const said = once(createInterface(child.stdout ?? process.stdin), 'line') as Promise<[string]>;
      child.stdin?.end();
      const [line] = await said;
      for (const tally of JSON.parse(line) as Tally[]) {
        for (const [status, count] of Object.entries(tally)) all[Number(status)] = (all[Number(status)] ?? 0) + count;
      }
    }
    this.attackers.clear();
    return all;
  }

  /** Ends the keys of the attackers, while they go on. */
  async revokeKeys(): Promise<void> {
    for (const { id } of (await this.keys.list()).filter(({ label }) => label === ATTACKERS_LABEL)) {
      await this.keys.revoke(id);
    }
  }

  async held(): Promise<Held> {
    const redis = new Redis(this.redis.url);
    const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
    redis.disconnect();
    const { rows } = await this.pool.query<Record<'bytes' | 'names' | 'changes' | 'all_changes', string>>(
      `SELECT pg_database_size(current_database()) AS bytes,
              (SELECT count(*) FROM counters WHERE starts_with(name, $1)) AS names,
              (SELECT coalesce(sum(version), 0) FROM counters WHERE starts_with(name, $1)) AS changes,
              (SELECT coalesce(sum(version), 0) FROM counters) AS all_changes`,
      [ATTACKED_PREFIX],
    );
    return {
      memoryBytes: Number(readFileSync(`/proc/${this.app.pid}/statm`, 'utf8').split(' ')[1]) * 4096,
      redisBytes: Number(used),
      databaseBytes: Number(rows[0]?.bytes),
      names: Number(rows[0]?.names),
      changes: Number(rows[0]?.changes),
      allChanges: Number(rows[0]?.all_changes),
    };
  }

  async end(): Promise<void> {
    this.client.close();
    for (const child of this.attackers) child.kill('SIGKILL');
    await this.app.stop();
    await Promise.all([this.pool.end(), this.redis.stop()]);
  }
}

/**
 * Addresses of this machine that are no loopback, since any number of connections may come from there; else a loopback.
 * Attackers that share one are held to its shares together: where they come all at once, the machine should have several
 * (`ip address add 198.51.100.1/32 dev eth0`, and so on).
 */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  return own.length > 0 ? own : ['127.0.0.1'];
}
