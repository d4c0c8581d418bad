import { addressOf } from '../config/address.js';
import { type RedisServers, serverAt } from '../config/redis-servers.js';
import type { Realm } from './realm.js';

/**
 * Where somebody connects to who needs connections of its own: to the server of a key, of a cluster, and to another one
 * when it has moved, or has lost what was there. Elsewhere to what the URL leads to, for ever.
 */
export class Home {
  private readonly listeners: (() => void)[] = [];
  private at: string | null = null;
  private servers: RedisServers | null;

  /**
   * @param realm of the same servers, which somebody looks at now and then; null for what is no cluster
   * @param key where the cluster has it, home is
   */
  constructor(
    private readonly configured: RedisServers,
    private readonly realm: Realm | null,
    private readonly key: string,
  ) {
    this.servers = configured.cluster === null ? configured : null;
    if (configured.cluster !== null) realm?.onLook(() => this.find());
  }

  /** Null while it is not known. */
  get found(): RedisServers | null {
    return this.servers;
  }

  /** Calls back when it was found, and whenever it is another one. */
  onMove(listener: () => void): void {
    this.listeners.push(listener);
  }

  private find(): void {
    const { configured, realm } = this;
    const owner = realm?.ownerOf(this.key) ?? null;
    // Away, it may come back, or another one will take its place.
    if (owner === null || owner.server === this.at) return;
    const { address } = owner.line;
    const reached = configured.cluster?.addresses.get(address) ?? addressOf(address, null);
    if (reached === null) return;
    this.at = owner.server;
    this.servers = serverAt(configured, reached);
    for (const listener of this.listeners) listener();
  }
}
