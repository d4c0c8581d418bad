/** The Redis under torture: alone, a primary under Sentinel, or a cluster; and each instance's wires to it. */
import { startCluster, type TestCluster } from '../support/cluster.js';
import { startSentinel, type TestSentinel } from '../support/sentinel.js';
import { startRedis, type TestRedis } from '../support/servers.js';
import { type ProxyMode, TcpProxy } from '../support/tcp-proxy.js';

export const REDIS_KINDS = ['single', 'sentinel', 'cluster'] as const;
export type RedisKind = (typeof REDIS_KINDS)[number];

/** Slots far enough from each other to be of as many primaries at the beginning. */
const SLOTS = [0, 8_000, 16_000];

export type RedisGround =
  | { readonly kind: 'single'; readonly redis: TestRedis }
  | { readonly kind: 'sentinel'; readonly sentinel: TestSentinel }
  | { readonly kind: 'cluster'; readonly cluster: TestCluster };

export async function startGround(kind: RedisKind): Promise<RedisGround> {
  switch (kind) {
    case 'single':
      return { kind, redis: await startRedis() };
    case 'sentinel':
      return { kind, sentinel: await startSentinel() };
    case 'cluster':
      return { kind, cluster: await startCluster() };
  }
}

export function serversOf(ground: RedisGround): readonly TestRedis[] {
  switch (ground.kind) {
    case 'single':
      return [ground.redis];
    case 'sentinel':
      return ground.sentinel.servers;
    case 'cluster':
      return ground.cluster.servers;
  }
}

/** Those that have keys now. */
export async function primariesOf(ground: RedisGround): Promise<readonly TestRedis[]> {
  switch (ground.kind) {
    case 'single':
      return [ground.redis];
    case 'sentinel':
      return [(await ground.sentinel.roles()).primary];
    case 'cluster':
      return [...new Set(await Promise.all(SLOTS.map((slot) => ground.cluster.primaryOf(slot))))];
  }
}

/** Settles when the next blow would find what it needs: a replica behind each primary, and everybody of one mind. */
export async function untilWhole(ground: RedisGround): Promise<void> {
  if (ground.kind === 'sentinel') await ground.sentinel.untilWhole();
  if (ground.kind === 'cluster') await ground.cluster.untilWhole();
}

export async function stopGround(ground: RedisGround): Promise<void> {
  switch (ground.kind) {
    case 'single':
      return ground.redis.stop();
    case 'sentinel':
      return ground.sentinel.stop();
    case 'cluster':
      return ground.cluster.stop();
  }
}

/** The wires of one instance to all servers of Redis, which break together. */
export class Wires {
  private constructor(private readonly proxies: ReadonlyMap<number, TcpProxy>) {}

  static async to(ground: RedisGround): Promise<Wires> {
    const started = serversOf(ground).map(
      async ({ port }) => [port, await TcpProxy.start({ host: '127.0.0.1', port })] as const,
    );
    return new Wires(new Map(await Promise.all(started)));
  }

  /** What the service is told of the servers, so that it goes through these wires. */
  environment(ground: RedisGround): { readonly redisUrl: string; readonly env: Readonly<Record<string, string>> } {
    const addresses = [...this.proxies].map(([port, proxy]) => `127.0.0.1:${port}=127.0.0.1:${proxy.port}`).join(',');
    switch (ground.kind) {
      case 'single': {
        const url = new URL(ground.redis.url);
        url.port = String(this.proxies.get(ground.redis.port)?.port);
        return { redisUrl: url.href, env: {} };
      }
      case 'sentinel': {
        const { url, sentinelPassword } = ground.sentinel;
        return { redisUrl: url, env: { REDIS_SENTINEL_PASSWORD: sentinelPassword, REDIS_ADDRESS_MAP: addresses } };
      }
      case 'cluster': {
        const [, credentials = ''] = /^redis-cluster:\/\/(.*@)/.exec(ground.cluster.url) ?? [];
        const seeds = [...this.proxies.values()].map(({ port }) => `127.0.0.1:${port}`).join(',');
        return {
          redisUrl: `redis-cluster://${credentials}${seeds}`,
          env: { REDIS_ADDRESS_MAP: addresses },
        };
      }
    }
  }

  async setMode(mode: ProxyMode): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.setMode(mode)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.close()));
  }
}
